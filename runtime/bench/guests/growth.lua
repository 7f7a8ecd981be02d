-- Measures the growth of an operation's cost with the things around it. Called with its
-- own definition, the name of a situation and a size, returns picoseconds for each
-- operation: of several batches the fastest. Called without name and size,
-- returns all names.
local own
local me = process.pid()
local host = me:match("^{([^|]*)")

local function sleeper() time.sleep("24h") end

-- n values that some table of a situation keeps, so that nothing is collected.
local function range(n, make)
  local list = {}
  for i = 1, n do list[i] = make(i) end
  return list
end

-- A place among n, other than the one before.
local at = 0
local function some(n)
  at = (at + 7919) % n
  return at + 1
end

local function request(topic)
  local ch = process.listen(topic)
  assert(process.send(me, topic, 1))
  assert(ch:receive() == 1)
  process.unlisten(ch)
end

-- A child that lives until the end of the situation.
local started = {}
local function start(how)
  local pid = assert(process[how](own, host, own, "sleep"))
  started[#started + 1] = pid
  return pid
end

local function send_all(n, topic)
  for i = 1, n do assert(process.send(me, topic(i), i)) end
end

-- Each is called with n, and returns the operation and, where an operation
-- itself is about n things, by how many its time is divided.
local situations = {}

function situations.coroutines_that_wait(n)
  local back = channel.new()
  local channels = range(n, function() return channel.new() end)
  for i = 1, n do
    coroutine.spawn(function() while true do back:send(channels[i]:receive()) end end)
  end
  return function()
    channels[some(n)]:send(1)
    back:receive()
  end
end

function situations.coroutines_that_sleep(n)
  for _ = 1, n do coroutine.spawn(sleeper) end
  return function() time.sleep(100) end
end

function situations.coroutines_that_take_turns(n)
  for _ = 1, n do
    coroutine.spawn(function() while true do time.sleep(0) end end)
  end
  return function() time.sleep(0) end, n
end

function situations.coroutines_that_come_and_go(n)
  for _ = 1, n do coroutine.spawn(sleeper) end
  local done = channel.new()
  return function()
    coroutine.spawn(function() done:send(1) end)
    done:receive()
  end
end

function situations.kept_messages(n)
  local ch = process.listen("t")
  local kept = range(n, function(i) return { id = i, tags = { "a", "b" } } end)
  local i = n
  return function()
    process.send(me, "t", { id = i, tags = { "a", "b" } })
    i = i + 1
    kept[i] = ch:receive()
  end
end

function situations.kept_coroutines(n)
  local kept = range(n, function()
    local co = coroutine.wrap(function() while true do coroutine.yield({}) end end)
    co()
    return co
  end)
  return function()
    kept[some(n)]()
    time.sleep(1)
  end
end

function situations.unclaimed_messages(n)
  send_all(n, function() return "noise" end)
  return function() request("reply") end
end

function situations.unclaimed_topics(n)
  send_all(n, function(i) return "topic " .. i end)
  return function()
    local i = some(n)
    local ch = process.listen("topic " .. i)
    ch:receive()
    process.unlisten(ch)
    process.send(me, "topic " .. i, i)
  end
end

function situations.unread_inbox(n)
  process.inbox()
  send_all(n, function() return "noise" end)
  return function() request("reply") end
end

function situations.unread_replies(n)
  process.inbox()
  send_all(n, function() return "noise" end)
  return function()
    local ch = process.listen("reply")
    process.send(me, "reply", 1)
    process.unlisten(ch)
  end
end

function situations.listeners(n)
  range(n, function(i) return process.listen("other " .. i) end)
  return function() request("reply") end
end

function situations.listeners_that_are_waited_for(n)
  local back = channel.new()
  for i = 1, n do
    local ch = process.listen("topic " .. i)
    coroutine.spawn(function() while true do back:send(ch:receive()) end end)
  end
  return function()
    process.send(me, "topic " .. some(n), 1)
    back:receive()
  end
end

function situations.listeners_with_messages(n)
  for i = 1, n do
    process.listen("topic " .. i)
    process.send(me, "topic " .. i, 1)
  end
  return function() request("reply") end
end

function situations.groups(n)
  for i = 1, n do assert(process.groups.join("group " .. i .. me)) end
  return function()
    local group = "group " .. some(n) .. me
    assert(process.groups.leave(group))
    assert(process.groups.join(group))
  end
end

function situations.members_of_a_group(n)
  local group = "members " .. me
  range(n, function() return assert(process.groups.join(group, start("spawn"))) end)
  return function()
    assert(process.groups.join(group))
    assert(process.groups.leave(group))
  end
end

function situations.subscriptions_of_events(n)
  range(n, function(i) return assert(events.subscribe("system " .. i .. me)) end)
  local sub = assert(events.subscribe("own " .. me))
  return function()
    assert(events.send("own " .. me, "kind", "path"))
    sub:channel():receive()
  end
end

function situations.names(n)
  for i = 1, n do assert(process.registry.register("name " .. i .. me)) end
  return function()
    local name = "name " .. some(n) .. me
    assert(process.registry.unregister(name))
    assert(process.registry.register(name))
  end
end

function situations.children(n)
  range(n, function() return start("spawn") end)
  local events = process.events()
  return function()
    assert(process.spawn_monitored(own, host, own, "end"))
    events:receive()
  end
end

function situations.links_and_monitors(n)
  process.set_options { trap_links = true }
  range(n, function() return start("spawn_linked_monitored") end)
  local other = start("spawn")
  return function()
    process.link(other)
    process.monitor(other)
    process.unmonitor(other)
    process.unlink(other)
  end
end

function situations.unread_exits(n)
  local ended = range(n + 1000, function() return assert(process.spawn_monitored(own, host, own, "end")) end)
  -- Each has ended when it cannot be found any more.
  for _, pid in ipairs(ended) do
    while process.send(pid, "t") do time.sleep("1ms") end
  end
  local i = 0
  return function()
    i = i + 1
    assert(process.unmonitor(ended[i]))
  end, 1, 100
end

function situations.pending_execs(n)
  for _ = 1, n do
    coroutine.spawn(function() process.exec(own, host, own, "sleep") end)
  end
  time.sleep("1ms")
  return function() process.exec(own, host, own, "end") end
end

function situations.pending_calls(n)
  local server = require("server")
  local deaf = start("spawn")
  for _ = 1, n do
    coroutine.spawn(function() server.call(deaf, "never", "24h") end)
  end
  local pid = assert(server.start("bench:called.lua", math.maxinteger, { host = host }))
  started[#started + 1] = pid
  return function() assert(server.call(pid, 1)) end
end

function situations.timers(n)
  local timers = range(n, function(i)
    local timer = time.timer("24h")
    coroutine.spawn(function() while timer:channel():receive() do end end)
    return timer
  end)
  time.sleep(0)
  return function() timers[some(n)]:reset("23h") end
end

function situations.waiters_of_one_timer(n)
  local timer = time.timer("24h")
  for _ = 1, n do
    coroutine.spawn(function() timer:channel():receive() end)
  end
  time.sleep(0)
  return function() timer:reset("23h") end
end

function situations.timeouts_that_did_not_come(n)
  local ch = channel.new()
  coroutine.spawn(function() while true do ch:send(1) end end)
  local wait = function()
    channel.select { ch:case_receive(), time.after("24h"):case_receive() }
  end
  for _ = 1, n do wait() end
  return wait
end

function situations.cases_of_a_select(n)
  local cases = range(n, function() return channel.new():case_receive() end)
  local last = channel.new()
  cases[n] = last:case_receive()
  coroutine.spawn(function() while true do last:send(1) end end)
  return function() channel.select(cases) end, n
end

function situations.cases_of_the_mailbox(n)
  local cases = range(n, function(i) return process.listen("topic " .. i):case_receive() end)
  return function()
    process.send(me, "topic " .. n, 1)
    channel.select(cases)
  end, n
end

function situations.selects_on_one_channel(n)
  local ch, back = channel.new(), channel.new()
  for _ = 1, n do
    coroutine.spawn(function()
      while true do back:send(channel.select { ch:case_receive(), channel.new():case_receive() }.value) end
    end)
  end
  return function()
    ch:send(1)
    back:receive()
  end
end

function situations.buffered_values(n)
  -- As many as a table of Lua has places: adding one more is its worst case.
  local ch = channel.new(4 * n)
  for i = 1, n - 1 do ch:send(i) end
  return function()
    ch:send(1)
    ch:receive()
  end
end

function situations.senders_that_wait(n)
  local ch = channel.new()
  for _ = 1, n do
    coroutine.spawn(function() while true do ch:send(1) end end)
  end
  return function() ch:receive() end
end

function situations.values_of_the_context(n)
  local values = {}
  for i = 1, n do values["key " .. i] = i end
  local spawner = assert(process.with_context(values))
  return nil, 1, nil, assert(spawner:exec(own, host, own, "context", n))
end

function situations.context_values_one_by_one(n)
  local spawner = process.with_context {}
  for i = 1, n do spawner = assert(spawner:with_context { ["key " .. i] = i }) end
  return function() assert(spawner:with_context { another = 1 }) end
end

function situations.messages_of_a_spawner(n)
  local spawner = process.with_context {}
  for i = 1, n do spawner = assert(spawner:with_message("t", i)) end
  return function() assert(spawner:with_message("t", 1)) end
end

function situations.bytes_of_a_message(n)
  local text, ch = ("x"):rep(n * 16), process.listen("t")
  return function()
    process.send(me, "t", text)
    ch:receive()
  end, n
end

function situations.values_of_a_message(n)
  local list, ch = range(n, function(i) return { i } end), process.listen("t")
  return function()
    process.send(me, "t", list)
    ch:receive()
  end, n
end

function situations.causes_of_an_error(n)
  local err = errors.new("x")
  for _ = 1, n do err = errors.wrap(err, "y") end
  return function() errors.wrap(err, "y") end, n
end

-- For how long a batch runs at least.
local BATCH, BATCHES = 2000000, 5

local function now() return time.now():unix_nano() end

local function fastest(operation, limit)
  local count, best = 1, math.huge
  -- Once to warm up, and to learn how many make a batch.
  while true do
    local began = now()
    for _ = 1, count do operation() end
    local took = now() - began
    if took >= BATCH or limit and count >= limit then
      best = took / count
      break
    end
    count = count * 2
    if limit and count > limit then count = limit end
  end
  for _ = 1, BATCHES do
    local began = now()
    for _ = 1, count do operation() end
    best = math.min(best, (now() - began) / count)
  end
  return best
end

local roles = {}

roles.sleep = sleeper

roles["end"] = function() end

function roles.context(n)
  return fastest(function()
    assert(ctx.get("key " .. some(n)))
  end)
end

return function(definition, name, n)
  own = definition
  if not name then
    local names = {}
    for name in pairs(situations) do names[#names + 1] = name end
    table.sort(names)
    return table.concat(names, " ")
  elseif roles[name] then
    return roles[name](n)
  end
  local operation, divisor, limit, measured = situations[name](n)
  local best = measured or fastest(operation, limit)
  for _, pid in ipairs(started) do process.terminate(pid) end
  return math.ceil(best / (divisor or 1) * 1000)
end
