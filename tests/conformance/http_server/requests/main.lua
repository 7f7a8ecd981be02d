-- A request is a process with its request.
-- shows: HS-1, HS-3
-- options: --listen 127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: http://127.0.0.1:9090
local at = ...

local function echo(method, path, options)
  local response = assert(http_client.request(method, at .. path, options))
  assert(response.status == 200, response.body)
  assert(response.headers["Content-Type"] == "application/json")
  local seen = json.decode(response.body)
  assert(response.headers["X-Request-Id"] == seen.id and #seen.id == 16)
  return seen
end

local seen = echo("GET", "/echo/a%20b/c?a=1+2&b=%26&a=3&c", {
  headers = { ["X-Own"] = "one, two", Accept = "text/*;q=0.5, application/xml" },
})
assert(seen.method == "GET" and seen.path == "/echo/a b/c" and "http://" .. seen.host == at)
assert(seen.query.a == "1 2,3" and seen.query.b == "&" and seen.query.c == "" and seen.first == "1 2")
assert(seen.params.rest == "a b/c" and seen.rest == "a b/c" and seen.none == nil)
assert(seen.own == "one, two" and seen.remote:find("^127%.0%.0%.1:%d+$"))
assert(seen.html == true and seen.json == false and seen.has_body == false)
assert(seen.length == 0 and seen.body == "" and seen.type == nil)

seen = echo("POST", "/echo/", { form = { a = "1" } })
assert(seen.params.rest == "" and seen.is_form == true and seen.type == http.CONTENT.FORM)
assert(seen.has_body == true and seen.length == 3 and seen.body == "a=1" and seen.json == true)
assert(echo("REPORT", "/echo/").method == "REPORT")

-- Each request is a process of its own, in the host of its definition.
local one, other = echo("GET", "/echo/1"), echo("GET", "/echo/2")
assert(one.pid ~= other.pid and one.pid:find("^{app:small|"), one.pid)
assert(one.id ~= other.id and one.visits == 1 and other.visits == 1)

local response = assert(http_client.get(at .. "/first"))
assert(response.body == "GET /first" and response.headers["Content-Type"] == "text/plain; charset=utf-8")
assert(http_client.get(at .. "/main").body == "by main")

-- A process that answers no request has none.
for _, of in ipairs { http.request, http.response } do
  local value, err = of()
  assert(value == nil and errors.is(err, errors.INTERNAL), tostring(err))
end
assert(http.STATUS.NOT_FOUND == 404 and http.STATUS.INTERNAL_ERROR == 500 and http.METHOD.PUT == "PUT")
assert(http.CONTENT.JSON == "application/json" and http.TRANSFER.SSE == "sse")

os.exit(0)
