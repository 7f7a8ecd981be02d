-- Names find processes; a name belongs to one process, a process may have many.
-- shows: N-1, N-2, N-5, N-6, C-21
local registry = process.registry
local me = process.pid()
assert(registry.register("here") == true)
assert(registry.register("here") == true, "the same pair again is fine")
assert(registry.register("here", me) == true)
assert(registry.register("also here") == true)
assert(registry.lookup("here") == me and registry.lookup("also here") == me)

local pid, err = registry.lookup("nowhere")
assert(pid == nil and errors.is(err, errors.NOT_FOUND))
assert(err:find("name not registered"), err:message())

-- A destination may be a name.
assert(process.send("here", "t", 1))
assert(process.listen("t"):receive() == 1)
