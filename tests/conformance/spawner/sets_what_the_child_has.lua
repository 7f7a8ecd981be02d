-- A spawner sets what the child has before it runs: name, messages, context.
-- It is immutable: every method returns a new one.
-- shows: W-1, W-2, W-4, W-5, W-6, W-8
local role, parent = ...
if role then
  return function()
    local inbox = process.inbox()
    local name = process.registry.lookup("child") == process.pid()
    local first, second = inbox:receive(), inbox:receive()
    inbox:receive()
    return {
      name = name,
      first = first:topic(), value = first:payload(), second = second:topic(), from = first:from(),
      user = ctx.get("user"), missing = ctx.get("missing"), all = ctx.all(),
    }
  end
end

local events = process.events()
local base = assert(process.with_context { user = "ada", n = 1 })
local named = assert(base:with_name("child"))
local full = assert(named:with_message("hello", { 1 }):with_message("again"):with_context { n = 2 })
local pid = assert(full:spawn_monitored("app:sets_what_the_child_has", "app:processes", "child"))
assert(process.registry.lookup("child") == pid, "the name is there at once")
assert(process.send(pid, "looked"))
local got = events:receive().result.value
assert(got.name and got.first == "hello" and got.value[1] == 1 and got.second == "again")
assert(got.from == process.pid() and got.user == "ada" and got.missing == nil and got.all.n == 2)

-- A taken name: nothing starts.
assert(process.registry.register("child"))
local value, err = named:spawn("app:sets_what_the_child_has", "app:processes", "child")
assert(value == nil and errors.is(err, errors.ALREADY_EXISTS) and err:details().pid == process.pid())
for _, bad in ipairs { "", "@x", "{x" } do
  value, err = base:with_name(bad)
  assert(value == nil and errors.is(err, errors.INVALID))
end
value, err = base:with_message("@x")
assert(value == nil and errors.is(err, errors.INVALID))
