-- Redirects are followed, judged and counted.
-- shows: HC-3
-- options: --http http://127.0.0.1:8080,private
-- arguments: 127.0.0.1:8080
local site = "http://" .. io.args()[1]

local function fails(kind, retryable, value, err)
  assert(value == nil and errors.is(err, kind) and err:retryable() == retryable, tostring(err))
  return tostring(err)
end

local response = assert(http_client.get(site .. "/redirect/302?/fields"))
assert(response.status == 200 and response.url == site .. "/fields")
response = assert(http_client.get(site .. "/redirect/302?/fields", { redirects = 0 }))
assert(response.status == 302 and response.headers.Location == "/fields")

-- A method becomes GET, and the body is gone, or both are kept.
local function echo(status, method)
  local answer = assert(http_client.request(method, site .. "/redirect/" .. status .. "?/echo", { json = { a = 1 } }))
  return json.decode(answer.body)
end
for status, method in pairs { [301] = "GET", [302] = "GET", [303] = "GET", [307] = "POST", [308] = "POST" } do
  local seen = echo(status, "POST")
  local is_kept = method == "POST"
  assert(seen.method == method and seen.body == (is_kept and '{"a":1}' or ""), seen.method .. seen.body)
  assert((seen.headers["content-type"] ~= nil) == is_kept)
end
assert(echo(302, "PUT").method == "PUT")

-- A stream cannot be sent again: the redirect is the response.
local reader, writer = assert(stream.pipe())
coroutine.spawn(function()
  writer:write("x")
  writer:close()
end)
response = assert(http_client.post(site .. "/redirect/307?/echo", { body = reader }))
assert(response.status == 307)

local twice = site .. "/redirect/302?/redirect/302?/"
assert(http_client.get(twice, { redirects = 2 }).body == "hello")
fails(errors.UNAVAILABLE, false, http_client.get(twice, { redirects = 1 }))
for _, location in ipairs { "file:///etc/passwd", "javascript:x", "http://user@127.0.0.1/", "http://" } do
  fails(errors.UNAVAILABLE, false, http_client.get(site .. "/redirect/302?" .. location))
end
-- Each origin needs its own grant.
for _, location in ipairs { "https://example.com/", "http://127.0.0.1:1/", "http://169.254.169.254/", "//evil.org/" } do
  local message = fails(errors.PERMISSION_DENIED, false, http_client.get(site .. "/redirect/302?" .. location))
  assert(message:find("not granted: http.request on http", 1, true), message)
end

return function() end
