-- Publish and subscribe: a group for each topic, three readers, and a crash.
--
--     warren run examples/pubsub

local supervisor = require("supervisor")

return function()
  local ready, read = process.listen("ready"), process.listen("read")

  local function reader(name, ...)
    return { id = name, definition = "app:reader", name = name, args = { process.pid(), name, { ... } } }
  end
  local tree = assert(supervisor.start {
    strategy = "one_for_one",
    children = { reader("ann", "weather"), reader("bob", "weather", "sport"), reader("cid", "sport") },
  })
  local function await_readers(count)
    for _ = 1, count do
      ready:receive()
    end
  end
  await_readers(3)

  -- Publishes, and waits until all who were reached have read it.
  local function publish(topic, text)
    local names = {}
    for place = 1, assert(process.groups.broadcast(topic, "news", text)) do
      names[place] = read:receive()
    end
    table.sort(names)
    print(("%s: %s -> %s"):format(topic, text, table.concat(names, ", ")))
  end

  publish("weather", "sunny")
  publish("sport", "a draw")

  -- Bob is away for a while, and comes back.
  assert(supervisor.stop_child(tree, "bob"))
  publish("weather", "cloudy")
  assert(supervisor.restart_child(tree, "bob"))
  await_readers(1)
  publish("weather", "rain")

  -- Bob crashes. He is no member until the supervisor has started him again.
  local sub = assert(process.groups.monitor("sport"))
  assert(process.terminate("bob"))
  print(sub:channel():receive().kind, sub:channel():receive().kind)
  await_readers(1)
  publish("sport", "extra time")
  assert(supervisor.stop(tree))
end
