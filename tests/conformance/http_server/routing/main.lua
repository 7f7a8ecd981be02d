-- The way from a method and a path to a definition.
-- shows: HS-2
-- options: --listen app:web=127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: http://127.0.0.1:9090
local at = ...

local function request(method, path)
  return assert(http_client.request(method, at .. path))
end

for path, seen in pairs {
  ["/"] = "GET /",
  ["/users/me"] = "GET /users/me",
  ["/users/7"] = "GET /users/7 id=7",
  ["/users/a%2Fb"] = "GET /users/a/b id=a/b",
  ["/users/%C3%A4"] = "GET /users/ä id=ä",
  ["/users/7/files/a/b.txt"] = "GET /users/7/files/a/b.txt id=7 path=a/b.txt",
  ["/users/me/files/"] = "GET /users/me/files/ id=me path=",
  ["/slash/"] = "GET /slash/",
  ["/api"] = "GET /api",
  ["/api/"] = "GET /api/",
  ["/api/users/7"] = "GET /api/users/7 id=7",
  ["/api/old/users/7"] = "GET /api/old/users/7 id=7",
} do
  local response = request("GET", path)
  assert(response.status == 200 and response.body == seen, path .. ": " .. tostring(response.body))
end
assert(request("REPORT", "/users/7/files/x").body == "REPORT /users/7/files/x id=7 path=x")
-- A router with a longer prefix counts first, and one with a shorter prefix if that has no route.
assert(request("DELETE", "/api/old/users/7").body == "DELETE /api/old/users/7 rest=old/users/7")

for _, path in ipairs { "/none", "/users", "/users/", "/slash", "/USERS/me", "/apiusers/7" } do
  assert(request("GET", path).status == 404, path)
end
for _, path in ipairs { "/users/%FF" } do
  assert(request("GET", path).status == 400, path)
end

local refused = request("POST", "/users/7")
assert(refused.status == 405 and refused.headers.Allow == "GET, HEAD, PUT", refused.headers.Allow)
assert(request("PUT", "/users/me").body == "PUT /users/me id=me")

-- A GET answers HEAD, without its body.
local head = request("HEAD", "/users/7")
assert(head.status == 200 and head.body == nil and head.headers["Content-Length"] == "18")

os.exit(0)
