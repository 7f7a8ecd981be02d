-- Methods, options and responses.
-- shows: HC-4, HC-5
-- options: --http http://127.0.0.1:8080,private
-- arguments: 127.0.0.1:8080
local site = "http://" .. io.args()[1]

local function echo(method, options)
  local response = assert(http_client.request(method, site .. "/echo", options))
  assert(response.status_code == 200 and response.status == 200)
  return json.decode(response.body)
end

for name, method in pairs { get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE" } do
  assert(json.decode(http_client[name](site .. "/echo").body).method == method)
  assert(json.decode(http[name](site .. "/echo").body).method == method)
end
assert(echo("report").method == "REPORT")
local head = assert(http_client.head(site .. "/"))
assert(head.body == nil and head.body_size == 0 and head.headers["Content-Length"] == "5")

local seen = echo("GET", {
  query = { b = 2, a = "1 2&", list = { "x", "y" } },
  headers = { ["X-Own"] = "kept", ["User-Agent"] = "own" },
  cookies = { b = "2", a = "1" },
  auth = { user = "ada", pass = "x" },
})
assert(seen.path == "/echo" and seen.query == "a=1+2%26&b=2&list=x&list=y", seen.query)
assert(seen.headers["x-own"] == "kept" and seen.headers["user-agent"] == "own")
assert(seen.headers.cookie == "a=1; b=2" and seen.headers.authorization == "Basic YWRhOng=")
assert(seen.headers["accept-encoding"] == "gzip, br" and seen.body == "")
assert(echo("GET").headers["user-agent"]:find("^warren/%d"))

assert(echo("POST", { body = "plain" }).body == "plain")
assert(http_client.post(site .. "/count", { body = "\0\xff\r\n" }).body == "4")
seen = echo("POST", { form = { a = "1 2", b = "&" } })
assert(seen.body == "a=1+2&b=%26" and seen.headers["content-type"] == "application/x-www-form-urlencoded")
seen = echo("POST", { json = { list = { 1, 2 } } })
assert(seen.body == '{"list":[1,2]}' and seen.headers["content-type"] == "application/json")
seen = echo("POST", { form = { a = "1" }, files = { { name = "f", filename = 'a".txt', content = "text" } } })
assert(seen.headers["content-type"]:find("^multipart/form%-data; boundary=%x+$"))
assert(seen.body:find('name="a"\r\n\r\n1\r\n', 1, true), seen.body)
assert(seen.body:find('name="f"; filename="a%22.txt"\r\n', 1, true), seen.body)
assert(seen.body:find("\r\n\r\ntext\r\n", 1, true), seen.body)

local fields = assert(http_client.get(site .. "/fields"))
assert(fields.headers["X-Two"] == "1" and fields.headers["x-TWO"] == "1" and fields.headers.none == nil)
assert(#fields.headers_all["x-two"] == 2 and fields.headers_all["X-Two"][2] == "2")
assert(fields.cookies.session == "7" and fields.cookies.theme == "dark")
assert(fields.body == "fields" and fields.body_size == 6 and fields.stream == nil)
assert(fields.url == site .. "/fields")
for name in pairs(fields.headers) do
  assert(name:find("^%u"), name)
end

-- A body in JSON. An answer crosses without its methods.
local answer = assert(http_client.post(site .. "/echo", { json = { 1 } }))
assert(answer:json().body == "[1]")
local none, bad = fields:json()
assert(none == nil and errors.is(bad, errors.INVALID) and tostring(bad):find("is no JSON", 1, true), tostring(bad))
none, bad = http_client.get(site .. "/empty"):json()
assert(none == nil and errors.is(bad, errors.INVALID), tostring(bad))
local crossed = process.listen("answer")
assert(process.send(process.pid(), "answer", answer))
crossed = crossed:receive()
assert(crossed.json == nil and crossed.body == answer.body and crossed.headers["Content-Type"] == "application/json")

-- Every status is a response.
local missing = assert(http_client.get(site .. "/status/404"))
assert(missing.status == 404 and missing.body == "404")
local empty = assert(http_client.get(site .. "/empty"))
assert(empty.status == 204 and empty.body == nil and empty.body_size == 0)

-- Encoded bodies are decoded, unless the program asks for the encoding by itself.
local zipped = assert(http_client.get(site .. "/gzip"))
assert(zipped.body == "hello gzip" and zipped.headers["Content-Encoding"] == nil)
zipped = assert(http_client.get(site .. "/gzip", { headers = { ["Accept-Encoding"] = "gzip" } }))
assert(zipped.body:byte() == 0x1f and zipped.headers["Content-Encoding"] == "gzip")

-- A body has a limit.
assert(http_client.get(site .. "/bytes/100", { max_response_body = 100 }).body_size == 100)
local body, err = http_client.get(site .. "/bytes/101", { max_response_body = 100 })
assert(body == nil and errors.is(err, errors.INVALID) and err:details().limit == "max_response_body", tostring(err))
assert(http_client.get(site .. "/bytes/3000000").body_size == 3000000)

-- The last mistake of each kind.
local ok, raised = pcall(http_client.get, "")
assert(not ok and raised:find("url is empty", 1, true), raised)
for _, wrong in ipairs {
  { "ftp://a.org" }, { "a.org" }, { site, { body = 7 } }, { site, { body = "a", json = 1 } },
  { site, { timeout = "soon" } }, { site, { timeout = 0 } }, { site, { redirects = -1 } },
  { site, { insecure_skip_verify = true } }, { site, { unix_socket = "/x" } }, { site, { headers = { Host = "a" } } },
  { site, { headers = { ["Content-Length"] = "1" } } }, { site, { query = { a = {} , b = { {} } } } },
  { site, { tls = { cert = "x" } } }, { site, { body = time.now() } },
} do
  local value, refused = http_client.post(wrong[1], wrong[2])
  assert(value == nil and errors.is(refused, errors.INVALID), tostring(refused))
end

return function() end
