-- Publish and subscribe: a broker, three readers, and two crashes.
--
--     warren run examples/pubsub

local supervisor = require("supervisor")

local BROKER <const> = "broker"

return function()
  local ready, read, sent = process.listen("ready"), process.listen("read"), process.listen("published")
  local events = process.events()

  local function reader(name, ...)
    return { id = name, definition = "app:reader", name = name, args = { process.pid(), BROKER, name, { ... } } }
  end
  local tree = assert(supervisor.start {
    strategy = "rest_for_one",
    children = {
      { definition = "app:broker", name = BROKER },
      reader("ann", "weather"), reader("bob", "weather", "sport"), reader("cid", "sport"),
    },
  })
  local function await_readers(count)
    for _ = 1, count do
      ready:receive()
    end
  end
  await_readers(3)

  -- Publishes, and waits until all who were sent it have read it.
  local function publish(topic, text)
    assert(process.send(BROKER, "publish", topic, text))
    local names = {}
    for place = 1, (sent:receive()) do
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

  -- The broker crashes; all come back.
  assert(process.monitor(BROKER))
  assert(process.terminate(BROKER))
  events:receive()
  await_readers(3)
  publish("sport", "extra time")
  assert(supervisor.stop(tree))
end
