return function(first, second, after)
  local locked = process.listen("locked")
  time.sleep(after)
  for _, lock in ipairs { first, second } do
    process.send(lock, "lock")
    locked:receive()
  end
  for _, lock in ipairs { first, second } do
    process.send(lock, "unlock")
  end
end
