-- A trap of a wasm guest ends the process like an uncaught error.
-- shows: E-4, L-13

return function()
  assert(process.set_options { trap_links = true })
  local events = process.events()
  for name, expected in pairs {
    unreachable = errors.INTERNAL, beyond_memory = errors.INTERNAL, recursion = errors.RATE_LIMITED,
  } do
    local pid = assert(process.spawn_linked_monitored("app:" .. name, "app:processes"))
    for _, kind in ipairs { process.event.LINK_DOWN, process.event.EXIT } do
      local event = events:receive()
      assert(event.kind == kind and event.from == pid)
      assert(event.result.value == nil and event.result.cause:kind() == expected, event.result.error)
      assert(event.result.cause:message() == event.result.error and #event.result.error > 0)
    end
  end
end
