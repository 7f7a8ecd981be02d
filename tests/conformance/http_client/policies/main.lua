-- Policies narrow the grant of an origin, by method and path, also for a redirect.
-- shows: HC-1, HC-3
-- options: --http http://127.0.0.1:8080,private
-- arguments: 127.0.0.1:8080
local site = "http://" .. io.args()[1]
local told = assert(process.exec("app:client", "app:processes", site))
local denied = "not allowed: http.request on " .. site
for call, expected in pairs {
  allowed = "200", posted = denied, other_path = denied, moved = "200", moved_away = denied,
  can = "true", can_other_word = "true", cannot = "false", cannot_elsewhere = "false",
} do
  assert(told[call]:find(expected, 1, true) == 1, call .. ": " .. told[call])
end
assert(told.action == "http.request" and told.resource == site)
-- Without actor and scope nothing is asked.
assert(http_client.post(site .. "/count", { body = "x" }).body == "1")
assert(security.can("http.request", site))

return function() end
