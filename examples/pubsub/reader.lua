-- A reader of some topics. It tells its parent what it has read.

return function(parent, name, topics)
  local events, news = process.events(), process.listen("news")
  for _, topic in ipairs(topics) do
    assert(process.groups.join(topic))
  end
  assert(process.send(parent, "ready"))
  while true do
    local got = channel.select { events:case_receive(), news:case_receive() }
    if got.channel == events then
      return -- the supervisor stops it
    end
    assert(process.send(parent, "read", name))
  end
end
