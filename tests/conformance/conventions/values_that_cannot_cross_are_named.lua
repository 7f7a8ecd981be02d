-- Functions, coroutines, userdata and cycles are refused with their path, and
-- nothing is sent.
-- shows: C-7, C-11, C-12, C-13, C-16

local me, host = process.id():match("[^#]+"), "app:processes"
local pid = process.pid()

local function refused(path, value, err)
  assert(value == nil and errors.is(err, errors.INVALID), path)
  assert(err:message():find(path, 1, true) == 1, tostring(err) .. " does not begin with " .. path)
end

local _, err = process.send(pid, "t", { callback = print })
assert(err:message() == "payload[1].callback: a function cannot leave its process", err)

refused("payload[1]", process.send(pid, "t", print))
refused("payload[2]", process.send(pid, "t", 1, function() end))
refused("payload[1].a[2].b", process.send(pid, "t", { a = { 1, { b = print } } }))
refused("payload[1]", process.send(pid, "t", coroutine.create(print)))
refused("payload[1][1]", process.send(pid, "t", { channel.new() }))
refused("payload[1].timer", process.send(pid, "t", { timer = time.timer("1h") }))
refused("payload[1]", process.send(pid, "t", process.with_context {}))
refused("payload[1]", process.send(pid, "t", io.stdout))
refused("payload[1]", process.send(pid, "t", process.inbox()))

local circle = {}
circle.self = circle
refused("payload[1].self", process.send(pid, "t", circle))
local one, other = {}, {}
one.other, other.one = other, one
refused("payload[1].other.one", process.send(pid, "t", one))

-- Keys, and what an error carries, are values too.
refused("payload[1]", process.send(pid, "t", { [{}] = 1 }))
refused("payload[1].a", process.send(pid, "t", { a = { [print] = 1 } }))
refused("payload[1]", process.send(pid, "t", { [errors.new("x")] = 1 }))
refused("payload[1]:details().f", process.send(pid, "t", errors.new { message = "x", details = { f = print } }))

refused("arg", process.spawn(me, host, print))
refused("arg", process.exec(me, host, { print }))
refused("context.f", process.with_context { f = print })

-- Arguments of operations have the names that the runtime gives them.
refused("payload[2]", process.groups.broadcast("g", "t", 1, print))
refused("value.a", yaml.encode { a = print })
refused("data[1]", nil, select(2, json.validate({}, { print })))
refused("claims.f", crypto.jwt.encode({ f = print }, "key"))

-- Nothing of all this arrived.
process.send(pid, "marker")
assert(process.inbox():receive():topic() == "marker")
