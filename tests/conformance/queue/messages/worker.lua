-- Works on one message, and tells what it finds.
local function raises(what, f, ...)
  local ok, err = pcall(f, ...)
  if ok or not tostring(err):find(what, 1, true) then
    return tostring(err)
  end
end

local function invalid(value, err)
  return not (value == nil and errors.is(err, errors.INVALID)) and tostring(value) .. " " .. tostring(err)
end

return function(value)
  local m = assert(queue.message())
  local again = assert(queue.message())
  local wrong = m:id() ~= again:id() and "another id" or nil
  for _, method in ipairs { "id", "attempt", "header", "headers", "ack", "nack" } do
    wrong = wrong or raises("queue_message expected, got number", m[method], 7)
  end
  for _, name in ipairs { 7, {}, true } do
    wrong = wrong or invalid(m:header(name))
  end
  wrong = wrong or invalid(m:header())
  if m:header("none") ~= nil or m:header("place") ~= m:headers().place then
    wrong = "another header"
  end
  -- A copy: the message keeps its headers.
  m:headers().place = "changed"
  local told = {
    value = value, id = m:id(), headers = m:headers(), attempt = m:attempt(), wrong = wrong,
    queue = process.id():find("durable") and "durable" or "memory",
  }
  -- Some messages the process settles by itself, and each once.
  if m:header("place") == 1 then
    assert(m:ack() == true)
    told.wrong = told.wrong or invalid(m:ack()) or invalid(again:nack())
  end
  assert(process.send("main", "told", told))
end
