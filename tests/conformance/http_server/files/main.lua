-- Directories of files.
-- shows: HS-8
-- options: --listen 127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: http://127.0.0.1:9090
local at = ...

local function get(path, headers)
  return assert(http_client.get(at .. path, { headers = headers, redirects = 0 }))
end

local home = get("/")
assert(home.status == 200 and home.body == "<home>" and home.headers["Content-Type"] == "text/html; charset=utf-8")
assert(home.headers["Cache-Control"] == "max-age=60" and home.headers["X-Content-Type-Options"] == "nosniff")
assert(get("/docs/").body == "<docs>")
assert(get("/docs").status == 301 and get("/docs").headers.Location == "/docs/")

-- What did not change is not sent again, and a part is enough.
local file = get("/docs/a.txt")
assert(file.body == "0123456789" and file.headers["Content-Type"]:find("^text/plain"))
assert(get("/docs/a.txt", { ["If-None-Match"] = file.headers.ETag }).status == 304)
assert(get("/docs/a.txt", { ["If-Modified-Since"] = file.headers["Last-Modified"] }).status == 304)
local part = get("/docs/a.txt", { Range = "bytes=2-4" })
assert(part.status == 206 and part.body == "234" and part.headers["Content-Range"] == "bytes 2-4/10")
assert(get("/docs/a.txt", { Range = "bytes=20-" }).status == 416)

-- No lists of files, no hidden files, and nothing outside.
for _, path in ipairs { "/none", "/.hidden", "/docs/none", "/%2e%2e/outside.txt", "/docs/..%2f..%2foutside.txt", "/docs/a.txt/" } do
  assert(get(path).status == 404, path)
end

-- Routes come before files.
assert(get("/docs/made.txt").body == "made")
assert(http_client.post(at .. "/docs/a.txt").status == 405)
local head = assert(http_client.head(at .. "/docs/a.txt"))
assert(head.status == 200 and head.headers["Content-Length"] == "10" and head.body == nil)

-- A page that makes up its own paths.
assert(get("/app/app.js").body == "let a" and get("/app/orders/7").body == "<page>")

os.exit(0)
