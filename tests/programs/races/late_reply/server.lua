-- Answers each question after some work.
return function()
  local questions = process.listen("question", { message = true })
  while true do
    local question = questions:receive()
    time.sleep("4ms")
    process.send(question:from(), "answer", question:payload() * 2)
  end
end
