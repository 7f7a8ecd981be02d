-- Bodies of requests: whole, as streams, as forms, and too large.
-- shows: HS-6
-- options: --listen 127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: http://127.0.0.1:9090
local at = ...
assert(process.registry.register("main"))
local told = process.listen("late")

local function post(kind, options)
  return assert(http_client.post(at .. "/" .. kind, options))
end

assert(post("body", { body = "a\0\xff" }).body == "a\0\xff")
assert(post("body", { body = ("x"):rep(1000000) }).body == ("x"):rep(1000000))
assert(post("json", { json = { a = { 1 } } }).body == '{"value":{"a":[1]}}')
assert(post("json", { body = "{" }).status == 400)
assert(post("unread", { body = ("x"):rep(1000000) }).body == "without a look")

-- A body without a length is read as it comes, while the client writes.
local reader, writer = assert(stream.pipe())
coroutine.spawn(function()
  for _ = 1, 1000 do
    writer:write(("x"):rep(1000) .. "\n")
  end
  writer:close()
end)
assert(post("stream", { body = reader }).body == '{"total":1000000}')

-- The limits of the listener and of the handler.
assert(post("body", { body = ("x"):rep(1048577) }).status == 413)
assert(post("small", { body = "0123456789" }).body == "0123456789")
assert(post("small", { body = "0123456789+" }).status == 413)
reader, writer = assert(stream.pipe())
coroutine.spawn(function()
  for _ = 1, 2000 do
    if not writer:write(("x"):rep(1000)) then
      return
    end
  end
  writer:close()
end)
local response = http_client.post(at .. "/body", { body = reader })
-- The server may close the connection before the client has sent everything.
assert(response == nil or response.status == 413)
assert(post("wrong").status == 204)

-- A body that does not come within the time of its handler.
reader, writer = assert(stream.pipe())
assert(writer:write("a part"))
response = http_client.post(at .. "/times", { body = reader })
assert(response == nil or response.status == 408)
local late = told:receive()
assert(late.kind == errors.TIMEOUT and late.nanoseconds == 20000000, json.encode(late))

local form = post("form", {
  form = { title = "a & b" },
  files = {
    { name = "doc", filename = "../a.txt", content = "text", content_type = "text/plain" },
    { name = "doc", filename = "empty", content = "" },
  },
})
assert(form.status == 200, form.body)
local seen = json.decode(form.body)
assert(seen.title == "a & b" and seen.count == 2 and seen.name == "a.txt" and seen.size == 4)
assert(seen.type == "text/plain" and seen.content == "text" and seen.last == nil)
assert(post("form", { body = "x" }).status == 400)

os.exit(0)
