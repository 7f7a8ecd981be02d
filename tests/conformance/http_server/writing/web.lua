-- Tells the first process what has happened.
local function tell(...)
  assert(process.send("main", "told", ...))
end

local kinds = {}

function kinds.parts(res)
  for i = 1, 3 do
    assert(res:write("part " .. i .. "\n") == nil)
  end
  return "not sent"
end

function kinds.json(res)
  assert(res:write_json { a = 1 } == nil)
end

function kinds.late(res)
  assert(res:write("x") == nil)
  local again = { res:set_status(500), res:set_header("X-A", "b"), res:set_content_type("text/csv"), res:set_transfer("sse") }
  for i = 1, 4 do
    assert(errors.is(again[i], errors.INVALID) and again[i]:details().reason == http.ERROR.INVALID_STATE, i)
  end
end

function kinds.flushed(res)
  res:set_content_type("text/csv")
  assert(res:flush() == nil)
  tell("flushed")
  -- The client goes on when it has the head.
  process.listen("go"):receive()
  assert(res:write("a,b") == nil)
end

function kinds.large(res)
  for _ = 1, 100 do
    assert(res:write(("x"):rep(100000)) == nil)
  end
end

function kinds.events(res)
  assert(res:write_event { name = "joined", data = { id = 7 } } == nil)
  assert(res:write_event { name = "left", data = "a\nb" } == nil)
  local err = res:write_event { name = "two\nlines", data = 1 }
  assert(errors.is(err, errors.INVALID))
  for _, wrong in ipairs { {}, { name = "a" }, { data = 1 } } do
    assert(not pcall(res.write_event, res, wrong))
  end
end

function kinds.broken(res)
  -- More than lies between the process and the client.
  assert(res:write(("x"):rep(200000)) == nil)
  error("in the middle")
end

function kinds.early(res)
  assert(res:set_status(201) == nil)
  error("before the first byte")
end

function kinds.gone(res)
  process.events()
  while true do
    local err = res:write(("x"):rep(100000))
    if err then
      tell("gone", errors.is(err, errors.UNAVAILABLE), err:details().reason)
      return
    end
  end
end

return function()
  local kind = assert(http.request()):param("kind")
  return kinds[kind](assert(http.response()))
end
