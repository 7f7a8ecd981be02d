return function(parent)
  local questions = process.listen("question")
  while true do
    local question = questions:receive()
    if question == "end" then
      return
    end
    assert(process.send(parent, "answer", question))
  end
end
