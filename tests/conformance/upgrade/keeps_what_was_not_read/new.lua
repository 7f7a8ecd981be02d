return function(parent)
  local questions = process.listen("question")
  for _ = 1, 2 do
    process.send(parent, "answer", ("new %d %s"):format(questions:receive(), ctx.get("k")))
  end
  process.listen("finish"):receive()
  return "end of new"
end
