local function fail(way)
  if way == "false" then
    return false
  elseif way == "error" then
    return nil, errors.new("not today")
  elseif way == "raise" then
    error("by raising")
  elseif way == "nack" then
    assert(queue.message():nack())
    -- The result does not count any more.
    return true
  elseif way == "terminate" then
    process.terminate(process.pid())
    process.inbox():receive()
  end
end

return function(way)
  local go = process.listen("go")
  local attempt = queue.message():attempt()
  assert(process.send("main", "began", { way = way, attempt = attempt, pid = process.pid() }))
  if way == "gate" then
    go:receive()
  end
  return fail(way)
end
