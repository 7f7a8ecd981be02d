-- A host's limits hold for its processes and for no others.
-- shows: M-3

return function(role)
  if role == "eats" then
    local text = ("x"):rep(16 << 20)
    return #text
  elseif role == "waits" then
    process.listen("end"):receive()
    return
  end
  local value, err = process.exec("app:main", "app:small", "eats")
  assert(value == nil and errors.is(err, errors.RATE_LIMITED), tostring(err))
  assert(process.exec("app:main", "app:processes", "eats") == 16 << 20)

  local waiting = assert(process.spawn("app:main", "app:small", "waits"))
  assert(process.send(waiting, "t", 1) and process.send(waiting, "t", 2))
  local sent
  sent, err = process.send(waiting, "t", 3)
  assert(sent == nil and errors.is(err, errors.RATE_LIMITED))
  for i = 1, 100 do
    assert(process.send(process.pid(), "t", i))
  end
  local another
  another, err = process.spawn("app:main", "app:small", "waits")
  assert(another == nil and errors.is(err, errors.RATE_LIMITED))
end
