return function(box, after)
  local left = process.listen("left")
  time.sleep(after)
  process.send(box, "request", "look")
  if left:receive() > 0 then
    process.send(box, "request", "buy")
    return left:receive()
  end
  return 0
end
