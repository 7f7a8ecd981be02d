-- Middleware before and behind the routes.
-- shows: HS-7
-- options: --listen 127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: http://127.0.0.1:9090
local at = ...
local tokens = assert(security.token_store("app:tokens"))
local ada = security.new_actor("ada")
local token = assert(tokens:create(ada, security.new_scope { "readers" }))
local weak = assert(tokens:create(ada, security.new_scope { "nothing" }))

local function get(path, headers)
  return assert(http_client.get(at .. path, { headers = headers }))
end

local function who(path, headers)
  local response = get(path, headers)
  assert(response.status == 200, response.status)
  return json.decode(response.body)
end

-- A token gives the process an actor; without one it has none.
local bearer = { Authorization = "Bearer " .. token }
assert(who("/open/who").actor == "nobody")
assert(who("/open/who", bearer).actor == "ada")
assert(who("/open/who", { Cookie = "a=b; x-auth-token=" .. token }).actor == "ada")
assert(who("/open/who?x-auth-token=" .. http_client.encode_uri(token)).actor == "ada")
assert(who("/open/who", { Authorization = "Bearer forged" }).actor == "nobody")

-- A firewall asks what the actor may do, before there is a process.
local refused = get("/closed/who")
assert(refused.status == 401 and refused.headers["WWW-Authenticate"] == "Bearer")
assert(get("/closed/who", bearer).status == 200)
assert(get("/closed/other", bearer).status == 403)
assert(get("/closed/who", { Authorization = "Bearer " .. weak }).status == 403)
assert(get("/area/text", bearer).status == 200)
assert(get("/area/text", { Authorization = "Bearer " .. weak }).status == 403)
assert(get("/area/none", bearer).status == 404)

-- Pages of other origins.
local page = { Origin = "https://app.example" }
local response = get("/open/who", page)
assert(response.headers["Access-Control-Allow-Origin"] == "https://app.example")
assert(response.headers["Access-Control-Allow-Credentials"] == "true" and response.headers.Vary)
assert(get("/open/who", { Origin = "https://evil.example" }).headers["Access-Control-Allow-Origin"] == nil)
local preflight = assert(http_client.request("OPTIONS", at .. "/open/who", {
  headers = { Origin = "https://app.example", ["Access-Control-Request-Method"] = "GET" },
}))
assert(preflight.status == 204 and preflight.headers["Access-Control-Allow-Methods"]:find("GET", 1, true))
assert(preflight.headers["Access-Control-Allow-Origin"] == "https://app.example")

-- Compressed answers, and plain ones for others.
local text = ("a line of text\n"):rep(1000)
assert(get("/open/text").body == text)
local zipped = get("/open/text", { ["Accept-Encoding"] = "gzip" })
assert(zipped.headers["Content-Encoding"] == "gzip" and #zipped.body < 1000)
local plain = get("/open/text", { ["Accept-Encoding"] = "identity" })
assert(plain.headers["Content-Encoding"] == nil and plain.body == text)
assert(get("/open/who", { ["Accept-Encoding"] = "gzip" }).headers["Content-Encoding"] == nil)

-- The client behind a proxy of this machine.
assert(who("/open/who", { ["X-Real-IP"] = "8.8.8.8" }).remote == "8.8.8.8:0")
assert(who("/open/who", { ["X-Forwarded-For"] = "1.1.1.1, 9.9.9.9" }).remote == "9.9.9.9:0")

-- So many requests, and then none. The refusal has passed the middleware before it.
assert(get("/few/who").status == 200 and get("/few/who").status == 200)
local many = get("/few/who", { Origin = "https://any.example" })
assert(many.status == 429 and many.headers["Retry-After"])
assert(many.headers["Access-Control-Allow-Origin"] == "https://any.example")

os.exit(0)
