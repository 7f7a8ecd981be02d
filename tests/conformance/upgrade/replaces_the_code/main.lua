-- The new definition's main gets the arguments, under the same PID, with the
-- same frame, names and context; memory and modules are new.
-- shows: U-1, U-3, U-5, U-9, P-1, P-3

return function()
  local spawner = assert(process.with_context { user = "ada" }:with_name("server"))
  local pid = assert(spawner:spawn_monitored("app:old", "app:processes"))
  local event = process.events():receive()
  local result = assert(event.result.value, event.result.error)
  assert(event.from == pid and result.pid == pid)
  assert(result.name == pid and result.user == "ada" and result.frame == process.id())
  assert(result.trap == true and result.global == nil)
  assert(result.n == 3 and result[1] == "a" and result[2] == nil and result[3] == "c")
  assert(result.quiet == true, "a timer of the old code rang")
end
