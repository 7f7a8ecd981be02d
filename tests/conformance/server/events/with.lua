-- A server with the handler `event`.
local server = require("server")
local with = {}

function with.init(main)
  assert(process.set_options { trap_links = true })
  return { main = main }
end

function with.call(_, request)
  if request == "begin" then
    return (assert(process.spawn_linked_monitored("app:fails")))
  end
  return request
end

function with.event(state, event)
  local result = event.result
  process.send(state.main, "event", event.kind, event.from, result.error or "none")
  if result.error and result.cause:kind() == errors.CONFLICT and event.kind == process.event.EXIT then
    return server.finish("seen enough")
  end
end

function with.terminate(state, reason)
  process.send(state.main, "terminated", reason and tostring(reason) or "normal")
end

return server.entry(with)
