local kinds = {}

function kinds.body(req)
  local body = assert(req:body())
  -- It is kept.
  assert(req:body() == body)
  return body
end

function kinds.json(req)
  local value, err = req:body_json()
  if err then
    assert(err:details().reason == http.ERROR.PARSE_FAILED)
    return nil, err
  end
  return { value = value }
end

function kinds.stream(req)
  local body = assert(req:stream())
  local total = 0
  for line in body:lines() do
    total = total + #line
  end
  -- A body is read once.
  local value, err = req:body()
  assert(value == nil and errors.is(err, errors.INVALID))
  return { total = total }
end

-- A time is a duration, or a number of milliseconds.
function kinds.times(req)
  for _, timeout in ipairs { 60000, 0.5, "1m", time.parse_duration("1m") } do
    assert(http.request { timeout = timeout } == req)
  end
  http.request { timeout = 20 }
  local _, err = req:body()
  assert(process.send("main", "late", { kind = err:kind(), nanoseconds = err:details().value }))
  return nil, err
end

function kinds.small(req)
  local same = http.request { max_body = 10, timeout = 60000 }
  assert(same == req)
  local value, err = req:body()
  if err then
    assert(errors.is(err, errors.INVALID) and err:details().limit == "max_body")
    return nil, err
  end
  return value
end

function kinds.wrong()
  for _, options in ipairs {
    { timeout = 0 }, { timeout = "0s" }, { timeout = -1 }, { timeout = "soon" }, { timeout = {} },
    { max_body = 0 }, { max_body = -1 }, { max_body = 0 / 0 }, { max_body = "1" },
  } do
    local value, err = http.request(options)
    assert(value == nil and errors.is(err, errors.INVALID))
  end
end

function kinds.unread()
  return "without a look"
end

function kinds.form(req)
  local form, err = req:parse_multipart()
  if err then
    assert(err:details().reason == http.ERROR.PARSE_FAILED)
    return nil, err
  end
  local file = form.files.doc[1]
  return {
    title = form.values.title, count = #form.files.doc, name = file:name(), size = file:size(),
    type = file:header("content-type"), content = assert(file:stream()):read(100),
    last = assert(form.files.doc[2]:stream()):read(),
  }
end

return function()
  local req = assert(http.request())
  return kinds[req:param("kind")](req)
end
