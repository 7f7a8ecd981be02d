-- GET /rooms/{room}?name=NAME, the request of a WebSocket: names the process that hears of the
-- socket and gets what comes from it, the room.

local registry = require("registry")

return function()
  local request = assert(http.request())
  local room, name = request:param("room"), request:query("name") or ""
  if not room:find("^[%w-]+$") or #room > 32 or not name:find("^[%w -]+$") or #name > 20 then
    return { status = 400, body = { error = "a room and a name of letters and digits" } }
  end
  local relay = {
    target_pid = assert(registry.start_or_get("rooms", room)),
    message_topic = "say",
    metadata = { name = name },
  }
  return { headers = { ["X-WS-Relay"] = json.encode(relay) } }
end
