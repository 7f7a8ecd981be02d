-- Empty texts are INVALID, other types raise, the runtime's systems are its own.
-- shows: EV-1, EV-6
local function invalid(value, err)
  assert(value == nil and errors.is(err, errors.INVALID), tostring(err))
end
local long = ("x"):rep(1025)
for _, system in ipairs { "", long, "\xff" } do
  invalid(events.subscribe(system))
  invalid(events.send(system, "k", "p"))
  if system ~= "" then invalid(events.subscribe("s", system)) end
  invalid(events.send("s", system, "p"))
  invalid(events.send("s", "k", system))
end
invalid(events.subscribe())
invalid(events.send())
invalid(events.send("s"))
invalid(events.send("s", "k"))
for _, wrong in ipairs { 7, true, {}, print } do
  assert(not pcall(events.subscribe, wrong) and not pcall(events.subscribe, "s", wrong))
  assert(not pcall(events.send, wrong, "k", "p") and not pcall(events.send, "s", wrong, "p"))
  assert(not pcall(events.send, "s", "k", wrong))
end

invalid(events.send("warren.processes", "k", "p"))
assert(events.send("warren", "k", "p"))
local sub, err = events.subscribe("warren.processes")
assert(sub == nil and errors.is(err, errors.PERMISSION_DENIED), tostring(err))
assert(err:details().action == "events.subscribe" and err:details().resource == "warren.processes")
assert(require("events") == events)
