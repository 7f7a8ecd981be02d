local ways = {}

function ways.loops()
  while true do end
end

function ways.catches_errors()
  while true do
    pcall(ways.loops)
  end
end

function ways.runs_in_a_coroutine()
  coroutine.spawn(ways.loops)
  process.inbox():receive()
end

-- No turn of it lasts as long as the tick in which time is counted.
function ways.talks()
  local inbox = process.inbox()
  while true do
    process.send(process.pid(), "again")
    inbox:receive()
  end
end

return function(way)
  ways[way]()
end
