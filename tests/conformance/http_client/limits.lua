-- A process has 16 requests in flight; one more is refused until one of them has ended.
-- shows: HC-9
-- options: --http http://127.0.0.1:8080,private
-- arguments: 127.0.0.1:8080
local site = "http://" .. io.args()[1]

local ended, begun = channel.new(16), 0
for _ = 1, 16 do
  coroutine.spawn(function()
    begun = begun + 1
    local response, err = http_client.get(site .. "/wait?limits", { timeout = "1s" })
    ended:send({ response = response, err = err })
  end)
end
while begun < 16 do
  time.sleep(0)
end
local value, err = http_client.get(site .. "/")
assert(value == nil and errors.is(err, errors.RATE_LIMITED) and err:retryable() == true, tostring(err))
local details = err:details()
assert(details.limit == "max_requests" and details.value == 16)
for _ = 1, 16 do
  local result = ended:receive()
  assert(errors.is(result.err, errors.TIMEOUT), tostring(result.err))
end
assert(http_client.get(site .. "/").body == "hello")

-- A stream counts until its end.
local open = {}
for i = 1, 16 do
  open[i] = assert(http_client.get(site .. "/drip?open", { stream = true })).stream
end
value, err = http_client.get(site .. "/")
assert(value == nil and errors.is(err, errors.RATE_LIMITED), tostring(err))
open[1]:close()
assert(http_client.get(site .. "/").body == "hello")

-- Texts of a program have limits, too.
for limit, wrong in pairs {
  max_url = { site .. "/" .. ("x"):rep(9000) },
  max_headers = { site, { headers = { a = ("x"):rep(70000) } } },
  max_redirects = { site, { redirects = 21 } },
  max_pem = { site, { tls = { ca = ("x"):rep(70000) } } },
} do
  value, err = http_client.get(wrong[1], wrong[2])
  assert(value == nil and errors.is(err, errors.INVALID), tostring(err))
  assert(err:details().limit == limit, limit)
end

return function() end
