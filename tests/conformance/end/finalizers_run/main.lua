-- Finalizers at the end of a process, as `lua` runs them.
-- shows: E-18
-- options: --write .
local events = process.events()
for _, how in ipairs { "return", "error", "exit", "close", "close beside", "upgrade", "terminate" } do
  assert(process.spawn_monitored("app:finalized", "app:processes", how))
  events:receive()
end
