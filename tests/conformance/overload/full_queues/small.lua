-- A process with small queues, which reads as it is told.
return function(parent)
  local step, work = process.listen("step"), process.listen("work")
  process.send(parent, "ready")
  step:receive()
  assert(work:receive() == 1)
  local inbox = process.inbox()
  process.send(parent, "ready")
  step:receive()
  for i = 2, 6 do
    assert(work:receive() == i)
  end
  for i = 1, 5 do
    assert(inbox:receive():payload() == i)
  end
  process.send(parent, "ready")
  step:receive()
  assert(#work:receive() == 700)
end
