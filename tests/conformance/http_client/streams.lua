-- Bodies as streams, in both directions.
-- shows: HC-6
-- options: --http http://127.0.0.1:8080,private
-- arguments: 127.0.0.1:8080
local site = "http://" .. io.args()[1]

local response = assert(http_client.get(site .. "/lines", { stream = true }))
assert(response.body == nil and response.body_size == -1)
local lines = {}
for line in response.stream:lines() do
  lines[#lines + 1] = line
end
assert(table.concat(lines, " ") == "one two three")
assert(response.stream:read() == nil and response.stream:stat().position == 14)
assert(http_client.get(site .. "/gzip", { stream = true }).stream:read(5) == "hello")

-- A body that never ends is read as far as the program wants, while others run.
local endless = assert(http_client.get(site .. "/drip?streams", { stream = true })).stream
local total = 0
while total < 1000000 do
  total = total + #endless:read()
end
assert(http_client.get(site .. "/").body == "hello")
assert(endless:close() == true)
local bytes, err = endless:read()
assert(bytes == nil and errors.is(err, errors.INTERNAL), tostring(err))
assert(http_client.get(site .. "/gone?streams").body == "gone")

-- So does one whose handle is lost.
local function lose()
  local lost = assert(http_client.get(site .. "/drip?lost", { stream = true })).stream
  assert(#lost:read() > 0)
end
lose()
collectgarbage()
collectgarbage()
assert(http_client.get(site .. "/gone?lost").body == "gone")

-- A limit holds for a stream if the program sets one.
local limited = assert(http_client.get(site .. "/bytes/1000", { stream = true, max_response_body = 999 })).stream
repeat
  bytes, err = limited:read()
until not bytes
assert(errors.is(err, errors.INVALID), tostring(err))

-- A stream is the body of a request. It belongs to the client from then on.
local reader, writer = assert(stream.pipe())
coroutine.spawn(function()
  for _ = 1, 100 do
    assert(writer:write(("x"):rep(10000)))
  end
  writer:close()
end)
assert(http_client.post(site .. "/count", { body = reader }).body == "1000000")
bytes, err = reader:read()
assert(bytes == nil and errors.is(err, errors.INTERNAL), tostring(err))

-- A file of a form is a stream, too, and so is the body of another response.
local source = assert(http_client.get(site .. "/bytes/5000", { stream = true })).stream
local seen = json.decode(http_client.post(site .. "/echo", {
  files = { { name = "f", reader = source } },
}).body)
assert(seen.body:find("\r\n\r\n" .. ("x"):rep(5000) .. "\r\n", 1, true))

-- A writer that fails fails the request.
reader, writer = assert(stream.pipe())
coroutine.spawn(function()
  writer:write("a part")
  writer = nil
  collectgarbage()
  collectgarbage()
end)
bytes, err = http_client.post(site .. "/count", { body = reader })
assert(bytes == nil and errors.is(err, errors.UNAVAILABLE), tostring(err))

return function() end
