-- No text of a program ends a field, a line or a body early.
-- shows: HC-8
-- options: --http http://127.0.0.1:8080,private
-- arguments: 127.0.0.1:8080
local site = "http://" .. io.args()[1]
local evil = "a\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1\r\n\r\n"

for _, options in ipairs {
  { headers = { ["X-Own"] = evil } }, { headers = { [evil] = "a" } }, { headers = { ["X-Own"] = "a\0b" } },
  { headers = { ["Transfer-Encoding"] = "chunked" } }, { headers = { Connection = "X-Own" } },
  { headers = { Upgrade = "h2c" } }, { headers = { TE = "trailers" } },
  { cookies = { a = evil } }, { cookies = { [evil] = "a" } }, { cookies = { a = "1; b=2" } },
  { files = { { name = "f", content = "", content_type = evil } } },
} do
  local value, err = http_client.post(site .. "/echo", options)
  assert(value == nil and errors.is(err, errors.INVALID), tostring(err))
end
for _, url in ipairs {
  site .. "/" .. evil, site .. "\r\n/", "http://a\r\n.org/", site .. "/a b\nc", "\thttp://a.org/",
} do
  local value, err = http_client.get(url)
  assert(value == nil and errors.is(err, errors.INVALID), tostring(err))
end
local value, err = http_client.request("GET / HTTP/1.1\r\nX-Evil: 1", site .. "/echo")
assert(value == nil and errors.is(err, errors.INVALID), tostring(err))

-- What may hold any text is encoded.
local response = assert(http_client.post(site .. "/echo", {
  query = { q = evil }, auth = { user = "ada", pass = evil }, form = { f = evil },
  files = { { name = evil, filename = evil, content = evil } },
}))
local seen = json.decode(response.body)
assert(seen.method == "POST" and seen.headers["x-evil"] == nil)
assert(not seen.query:find("[\r\n ]"), seen.query)
assert(seen.headers.authorization:find("^Basic [%w+/=]+$"))
assert(seen.body:find('name="a%0D%0AX-Evil', 1, true), seen.body)

return function() end
