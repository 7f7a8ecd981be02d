-- A request blocks its coroutine alone, and ends in time.
-- shows: HC-7
-- options: --http http://127.0.0.1:8080,private
-- arguments: 127.0.0.1:8080
local site = "http://" .. io.args()[1]

local results = channel.new(1)
coroutine.spawn(function()
  local response, err = http_client.get(site .. "/wait?waiting", { timeout = "3s" })
  results:send({ response = response, err = err })
end)
-- The other request is answered while that one waits.
assert(http_client.get(site .. "/begun?waiting").body == "begun")
local result = results:receive()
assert(result.response == nil and errors.is(result.err, errors.TIMEOUT), tostring(result.err))
assert(result.err:retryable() == true)
local details = result.err:details()
assert(details.limit == "timeout" and details.value == 3000000000)
-- Its connection is closed.
assert(http_client.get(site .. "/gone?waiting").body == "gone")

-- A number is of seconds. A body that stops is too late as well.
for _, timeout in ipairs { 0.02, "20ms", time.parse_duration("20ms") } do
  local value, err = http_client.get(site .. "/wait?late", { timeout = timeout })
  assert(value == nil and errors.is(err, errors.TIMEOUT), tostring(err))
  assert(err:details().value == 20000000)
end

return function() end
