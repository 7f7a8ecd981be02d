-- tries: have the runtime look at five million values for each spawn, in first messages, context and arguments
-- end: terminated
local values = {}
for i = 1, 250000 do values[i] = i % 100 end
local spawner = process.with_context({ all = { values, values, values } })
for i = 1, 4 do spawner = spawner:with_message("topic", values, values, values) end
-- A definition that is not there: what is left is the look at what is given.
while true do
  local pid, err = spawner:spawn("app:none", "app:attackers", values, values, values)
  assert(not pid and errors.is(err, errors.NOT_FOUND), err)
end
