-- One node of a cluster; the argument is its part. `serve` answers until it is killed, every
-- other part looks at the nodes that serve.
local part = ...

local TIMEOUT = "60s"

local function check(value, err, what)
  if value == nil then
    error((what or "a call") .. " failed: " .. tostring(err) .. " (" .. tostring(err and err:kind()) .. ")")
  end
  return value, err
end

-- Waits until these nodes are up.
local function wait_for(...)
  check(process.monitor_nodes())
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

local function next_event(events, kind)
  local deadline = time.after(TIMEOUT)
  while true do
    local chosen = channel.select({ events:case_receive(), deadline:case_receive() })
    assert(chosen.channel ~= deadline, "no event of kind " .. kind)
    if chosen.value.kind == kind then
      return chosen.value
    end
  end
end

local parts = {}

-- Serves on its node: starts what others ask for, and never ends by itself.
function parts.serve()
  print("serving " .. process.node())
  process.events():receive()
end

-- Sends to a process of node b, and reads its answers in order.
function parts.talk()
  wait_for("b")
  local echo = check(process.spawn("app:echo", "b@app:processes"))
  assert(echo:match("^{b@app:processes|0x%x+%.%x+}$"), echo)
  local inbox = process.inbox()
  for n = 1, 100 do
    check(process.send(echo, "say", process.pid(), n))
  end
  for n = 1, 100 do
    local message = inbox:receive()
    assert(message:from() == echo, message:from())
    assert(message:payload() == n, n)
  end
  local sent, err = process.send(echo, "", 1)
  assert(not sent and err:kind() == errors.INVALID, tostring(err))
  check(process.terminate(echo))
  local gone
  repeat
    gone, err = process.send(echo, "say", process.pid(), 1)
  until not gone
  assert(err:kind() == errors.NOT_FOUND, tostring(err))
  print("talked")
end

-- Ties to processes of node b, and what is told of their ends.
function parts.tie()
  local events = wait_for("b")
  process.set_options({ trap_links = true })
  local watched = check(process.spawn_monitored("app:failing", "b@app:processes", "now"))
  local exit = next_event(events, process.event.EXIT)
  assert(exit.from == watched, exit.from)
  assert(tostring(exit.result.error):find("on purpose"), tostring(exit.result.error))
  local echo = check(process.spawn("app:echo", "b@app:processes"))
  check(process.link(echo))
  check(process.terminate(echo))
  local down = next_event(events, process.event.LINK_DOWN)
  assert(down.from == echo, down.from)
  local absent, err = process.monitor(echo)
  assert(not absent and err:kind() == errors.NOT_FOUND, tostring(err))
  local linked = check(process.spawn_linked("app:failing", "b@app:processes", "later"))
  check(process.unlink(linked))
  check(process.send(linked, "fail"))
  -- The answer of the next process comes after the end of that one, on the same session.
  assert(process.exec("app:double", "b@app:processes", 21) == 42)
  print("tied")
end

-- A start on node b is watched from before its process runs: an end at once has its reason.
function parts.watch()
  wait_for("b")
  local server = require("server")
  for _ = 1, 100 do
    local started, err = server.start("app:failing", nil, { host = "b@app:processes" })
    assert(not started and err:find("on purpose", 1, true), tostring(err))
  end
  print("watched")
end

-- Execs on node b, and what travels along.
function parts.exec()
  wait_for("b")
  assert(check(process.exec("app:double", "b@app:processes", 4)) == 8)
  local value, err = process.exec("app:failing", "b@app:processes", "now")
  assert(value == nil and tostring(err):find("on purpose"), tostring(err))
  value, err = process.exec("app:absent", "b@app:processes")
  assert(value == nil and err:kind() == errors.NOT_FOUND, tostring(err))
  value, err = process.exec("app:double", "c@app:processes", 1)
  assert(value == nil and err:kind() == errors.UNAVAILABLE, tostring(err))
  value, err = process.exec("app:double", "b@app:nowhere", 1)
  assert(value == nil and err:kind() == errors.NOT_FOUND, tostring(err))
  local seen = process.with_context({ tenant = "acme" }):exec("app:where", "b@app:processes")
  assert(seen.node == "b" and seen.tenant == "acme", seen.tenant)
  assert(seen.frame == process.id(), seen.frame)
  -- Both nodes have as many processes; the third start goes to the one with fewer.
  local nodes = {}
  for _ = 1, 4 do
    local pid = check(process.spawn("app:echo", "*@app:workers"))
    local node = pid:match("^{(%w+)@")
    nodes[node] = (nodes[node] or 0) + 1
  end
  assert(nodes.a == 2 and nodes.b == 2, tostring(nodes.a) .. " and " .. tostring(nodes.b))
  print("executed")
end

-- A name that one process in the whole cluster has.
function parts.names()
  wait_for("b")
  local echo = check(process.spawn("app:named", "b@app:processes", "room"))
  local inbox = process.inbox()
  check(process.send(echo, "begin", process.pid()))
  local is_registered, why = inbox:receive():payload()
  assert(is_registered, tostring(why))
  assert(check(process.registry.lookup("room")) == echo)
  check(process.send("room", "say", process.pid(), "hello"))
  assert(inbox:receive():payload() == "hello")
  local taken, err = process.registry.register("room", nil, { scope = "cluster" })
  assert(not taken and err:kind() == errors.ALREADY_EXISTS, tostring(err))
  local events = process.events()
  check(process.monitor(echo))
  check(process.terminate(echo))
  next_event(events, process.event.EXIT)
  -- The name is free once the broker knows.
  local registered
  repeat
    registered, err = process.registry.register("room", nil, process.registry.STRONG)
  until registered or err:kind() ~= errors.ALREADY_EXISTS
  check(registered, err)
  assert(process.registry.lookup("room") == process.pid())
  assert(check(process.registry.unregister("room", { scope = "cluster" })) == true)
  print("named")
end

-- Holds a name on each of two nodes.
function parts.hold()
  wait_for("b")
  local other = check(process.spawn("app:named", "b@app:processes", "room:b"))
  check(process.send(other, "begin", process.pid()))
  local is_registered, why = process.inbox():receive():payload()
  assert(is_registered, tostring(why))
  check(process.registry.register("room:a", nil, { scope = "cluster" }))
  print("held")
  local events = process.events()
  while true do
    events:receive()
  end
end

-- A group with members on both nodes.
function parts.groups()
  wait_for("b")
  local sub, there = check(process.groups.monitor("room"))
  assert(#there == 0)
  local member = check(process.spawn("app:member", "b@app:processes", "room"))
  local news = sub:channel():receive()
  assert(news.kind == "member.joined" and news.data.PIDs[1] == member, news.kind)
  check(process.groups.join("room"))
  sub:channel():receive()
  assert(#process.groups.members("room") == 2)
  assert(#process.groups.local_members("room") == 1)
  assert(process.groups.broadcast("room", "say", process.pid(), "all") == 2)
  local inbox = process.inbox()
  local heard = {}
  for _ = 1, 2 do
    local message = inbox:receive()
    heard[message:from()] = true
  end
  assert(heard[member] and heard[process.pid()])
  check(process.terminate(member))
  news = sub:channel():receive()
  assert(news.kind == "member.left" and news.data.PIDs[1] == member, news.kind)
  print("grouped")
end

-- Events for the subscriptions of both nodes.
function parts.events()
  wait_for("b")
  local teller = check(process.spawn("app:teller", "b@app:processes"))
  local sub = check(events.subscribe("shop.*"))
  local inbox = process.inbox()
  check(process.send(teller, "begin", process.pid()))
  assert(inbox:receive():topic() == "subscribed")
  -- From here to there: without the option the event stays on its node.
  check(events.send("shop.orders", "created", "here", 1))
  for n = 1, 50 do
    check(events.send("shop.orders", "created", tostring(n), { n = n }, { scope = "cluster" }))
  end
  for n = 1, 50 do
    local path, value, node = inbox:receive():payload()
    assert(path == tostring(n) and value == n and node == "a", path)
  end
  local channel = sub:channel()
  assert(channel:receive().path == "here")
  for n = 1, 50 do
    local event = channel:receive()
    assert(event.path == tostring(n) and event.node == nil, event.path)
  end
  -- From there to here.
  check(process.send(teller, "tell"))
  local told = channel:receive()
  assert(told.kind == "told" and told.node == "b" and told.data == nil, told.kind)
  print("heard")
end

-- Node b is killed: everything that waits for it ends.
function parts.down()
  local events = wait_for("b")
  local watched = check(process.spawn_monitored("app:echo", "b@app:processes"))
  coroutine.spawn(function()
    local _, err = process.exec("app:forever", "b@app:processes")
    assert(err:kind() == errors.UNAVAILABLE, tostring(err))
    process.send(process.pid(), "exec ended")
  end)
  local inbox = process.inbox()
  -- The exec has begun once its process is in the group.
  local sub, there = check(process.groups.monitor("forever"))
  if #there == 0 then
    sub:channel():receive()
  end
  print("kill b")
  local exit = next_event(events, process.event.EXIT)
  assert(exit.from == watched, exit.from)
  assert(tostring(exit.result.error):find("node b is down"), tostring(exit.result.error))
  assert(inbox:receive():topic() == "exec ended")
  local sent, err = process.send(watched, "say", process.pid(), 1)
  assert(not sent and err:kind() == errors.UNAVAILABLE, tostring(err))
  assert(sub:channel():receive().kind == "member.left")
  assert(#process.groups.members("forever") == 0)
  print("b is down")
  wait_for("b")
  -- A process of the new life has no PID of the old one.
  sent, err = process.send(watched, "say", process.pid(), 1)
  assert(not sent, "a PID of the old life is of nobody")
  assert(check(process.exec("app:double", "b@app:processes", 3)) == 6)
  print("b is back")
end

parts[part]()
