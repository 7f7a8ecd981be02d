-- A request ends with its process and with the code of the process: its connection is closed.
-- shows: HC-7
-- options: --http http://127.0.0.1:8080,private
-- arguments: 127.0.0.1:8080
local site = "http://" .. io.args()[1]

return function()
  local child = assert(process.spawn("app:child", "app:processes", site, "terminated"))
  assert(http_client.get(site .. "/begun?terminated").body == "begun")
  assert(process.terminate(child))
  assert(http_client.get(site .. "/gone?terminated").body == "gone")

  child = assert(process.spawn("app:child", "app:processes", site, "upgraded"))
  assert(http_client.get(site .. "/begun?upgraded").body == "begun")
  assert(process.send(child, "upgrade"))
  assert(http_client.get(site .. "/gone?upgraded").body == "gone")
  assert(process.send(child, "end"))

  -- An unread stream ends with its process, too.
  child = assert(process.spawn("app:streamer", "app:processes", site, "streamed"))
  assert(http_client.get(site .. "/gone?streamed").body == "gone")
end
