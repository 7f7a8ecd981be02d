-- One node of a cluster whose nodes or server fail; the arguments are its part and those of
-- the part.
local part = ...

local GROUP <const> = "finish"

local function nanoseconds()
  return time.now():unix_nano()
end

-- Waits until these nodes are up, and returns the channel of events.
local function wait_for(...)
  assert(process.monitor_nodes())
  local events = process.events()
  local missing = {}
  for _, name in ipairs({ ... }) do
    missing[name] = true
  end
  for _, name in ipairs(process.nodes()) do
    missing[name] = nil
  end
  while next(missing) do
    local event = events:receive()
    if event.kind == process.event.NODE_UP then
      missing[event.node] = nil
    end
  end
  return events
end

-- Takes a name of the cluster once nobody else holds it.
local function take(name)
  while true do
    local taken, err = process.registry.register(name, nil, { scope = "cluster" })
    if taken then
      return
    end
    assert(errors.is(err, errors.ALREADY_EXISTS) or err:retryable(), err)
    time.sleep("10ms")
  end
end

-- Tells of nodes that come and go.
local function tell(events)
  while true do
    local event = events:receive()
    if event.kind == process.event.NAME_LOST then
      print("lost " .. event.name)
    else
      print((event.kind == process.event.NODE_DOWN and "down " or "up ") .. event.node)
    end
  end
end

local parts = {}

-- Has a name of the cluster, and tells of nodes beside what others start on this node.
function parts.watch(...)
  local events = wait_for(...)
  take("watcher " .. process.node())
  print("watching")
  tell(events)
end

-- Sends to counters on node b until somebody says that it is enough.
function parts.load()
  local events = wait_for("b")
  assert(process.groups.join(GROUP))
  local is_over, sent, done = false, 0, channel.new(0)
  local pids = {}
  for n = 1, 8 do
    pids[n] = assert(process.spawn("app:counter", "b@app:processes"))
    coroutine.spawn(function()
      local own = 0
      while not is_over do
        own = own + 1
        assert(process.send(pids[n], "count", own))
        sent = sent + 1
        if sent == 500 then
          print("500 are sent")
        end
      end
      done:send(own)
    end)
  end
  local inbox = process.inbox()
  assert(inbox:receive():topic() == "enough")
  is_over = true
  local total, counted = 0, 0
  for _ = 1, 8 do
    total = total + done:receive()
  end
  for n = 1, 8 do
    assert(process.send(pids[n], "how many", process.pid()))
    counted = counted + inbox:receive():payload()
  end
  assert(counted == total, ("%d of %d have arrived"):format(counted, total))
  print("all have arrived")
  tell(events)
end

-- Ends the load.
function parts.finish()
  local sub, members = assert(process.groups.monitor(GROUP))
  if #members == 0 then
    sub:channel():receive()
  end
  assert(process.groups.broadcast(GROUP, "enough") == 1)
end

-- Holds a name of the cluster until it is lost. Tells the last time at which it was the holder
-- by its own node's answer. It asks all the time, to be in the middle of it when it is stopped.
function parts.hold()
  local events = process.events()
  take("leader")
  print("holding")
  local last
  repeat
    local asked = nanoseconds()
    if process.registry.lookup("leader") == process.pid() then
      last = asked
    end
    local event = channel.select({ events:case_receive() }, true)
  until not event.default and event.value.kind == process.event.NAME_LOST
  print("held " .. last)
  print(process.registry.lookup("leader") == process.pid() and "still mine" or "lost")
end

-- Takes the name of another node.
function parts.succeed()
  wait_for("a")
  assert(process.registry.lookup("leader"))
  print("waiting")
  take("leader")
  print("taken " .. nanoseconds())
  process.events():receive()
end

-- Takes names until the server has no room for more.
function parts.fill()
  local events = wait_for("b")
  local counter = assert(process.spawn("app:counter", "b@app:processes"))
  local sent = 0
  local function goes_on()
    assert(process.exec("app:double", "b@app:processes", 21) == 42)
    for _ = 1, 100 do
      sent = sent + 1
      assert(process.send(counter, "count", sent))
    end
    assert(process.send(counter, "how many", process.pid()))
    assert(process.inbox():receive():payload() == sent)
    assert(process.registry.register("local " .. sent))
  end
  local count, taken, err = 0, nil, nil
  repeat
    count = count + 1
    taken, err = process.registry.register(("n"):rep(800) .. count, nil, { scope = "cluster" })
  until not taken
  print("refused: " .. err:kind() .. ": " .. err:message())
  goes_on()
  -- The lease cannot be renewed either.
  for _ = 1, count - 1 do
    local event = events:receive()
    assert(event.kind == process.event.NAME_LOST, event.kind)
  end
  goes_on()
  assert(#process.nodes() == 2)
  print("going on")
end

parts[part](select(2, ...))
