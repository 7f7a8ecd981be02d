-- The result of a handler is the answer, and so is its error.
-- shows: HS-3, HS-5
-- options: --listen 127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: http://127.0.0.1:9090
local at = ...
local TEXT, JSON = "text/plain; charset=utf-8", "application/json"

local function answers(kind, status, media_type, body)
  local response = assert(http_client.get(at .. "/" .. kind))
  local came = json.encode { response.status, response.headers["Content-Type"] or "", response.body or "" }
  assert(came == json.encode { status, media_type or "", body or "" }, kind .. ": " .. came)
  return response
end

answers("text", 200, TEXT, "text")
local bytes = assert(http_client.get(at .. "/bytes"))
assert(bytes.body == "\xff\0" and bytes.headers["Content-Type"] == "application/octet-stream")
answers("nothing", 204)
answers("yes", 204)
answers("no", 200, JSON, "false")
answers("number", 200, JSON, "7")
answers("float", 200, JSON, "1.5")
answers("list", 200, JSON, '[1,"two"]')
assert(json.decode(http_client.get(at .. "/map").body).status == "open")
answers("body", 200, JSON, '{"body":"kept"}')
local whole = answers("whole", 201, "text/html", "<p>")
assert(#whole.headers_all["Set-Cookie"] == 2)
answers("status", 404)
answers("json", 400, JSON, '{"wrong":"name"}')
assert(answers("headers", 200, TEXT, "text").headers["X-Own"] == "1")
assert(json.decode(http_client.get(at .. "/other").body).total == 1)
local set = answers("set", 202, "text/csv", "a,b")
assert(#set.headers_all["X-Own"] == 2 and set.headers["X-None"] == nil)

-- Errors have the status of their kind. Their messages stay here.
local function fails(kind, status)
  local response = assert(http_client.get(at .. "/" .. kind))
  assert(response.status == status, kind .. ": " .. response.status)
  assert(response.body:find("request " .. response.headers["X-Request-Id"], 1, true), response.body)
  assert(not response.body:find("secret", 1, true), response.body)
  return response
end

fails(errors.NOT_FOUND, 404)
fails(errors.INVALID, 400)
fails(errors.PERMISSION_DENIED, 403)
assert(fails(errors.RATE_LIMITED, 429).headers["Retry-After"])
fails(errors.TIMEOUT, 504)
for _, kind in ipairs {
  errors.INTERNAL, errors.UNAVAILABLE, errors.CONFLICT, "raised", "low", "split", "own",
} do
  fails(kind, 500)
end

os.exit(0)
