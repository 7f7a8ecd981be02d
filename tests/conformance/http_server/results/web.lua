local results = {
  text = "text",
  bytes = "\xff\0",
  number = 7,
  float = 1.5,
  no = false,
  list = { 1, "two" },
  map = { a = 1, status = "open" },
  body = { body = "kept" },
  whole = { status = 201, headers = { ["Content-Type"] = "text/html", ["Set-Cookie"] = { "a=1", "b=2" } }, body = "<p>" },
  status = { status = 404 },
  json = { status = 400, body = { wrong = "name" } },
  headers = { headers = { ["X-Own"] = "1" }, body = "text" },
  other = { status = 200, total = 1 },
  low = { status = 99 },
  split = { status = 200, headers = { ["X-Own"] = "a\r\nSet-Cookie: b" } },
  own = { status = 200, headers = { ["Content-Length"] = "1" } },
}

return function()
  local kind = assert(http.request()):param("kind")
  if kind == "nothing" then
    return nil
  elseif kind == "yes" then
    return true
  elseif kind == "set" then
    local res = assert(http.response())
    assert(res:set_status(http.STATUS.ACCEPTED) == nil)
    assert(res:set_header("X-Own", { "1", "2" }) == nil and res:set_header("X-None", "x") == nil)
    assert(res:set_header("X-None", nil) == nil and res:set_content_type("text/csv") == nil)
    return "a,b"
  elseif kind == "raised" then
    error("a secret of the program")
  elseif results[kind] ~= nil then
    return results[kind]
  end
  return nil, errors.new { kind = kind, message = "a secret of the program" }
end
