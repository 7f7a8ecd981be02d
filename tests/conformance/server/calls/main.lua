-- Calls, casts, deferred replies and errors of a server.
-- shows: SV-1, SV-4, SV-5, SV-8
local server, counter = require("server"), require("counter")

local pid = assert(server.start("app:counter", { n = 5 }, { name = "counter" }))
assert(process.registry.lookup("counter") == pid)
assert(server.call(pid, "get") == 5 and server.call("counter", "get") == 5)
assert(counter.add(pid, 2) and server.call(pid, "get") == 7)
assert(server.call(pid, "no") == false)
local value, err = server.call(pid, "nothing")
assert(value == nil and err == nil)
value, err = server.call(pid, "fail")
assert(value == nil and err:kind() == errors.CONFLICT and err:details().n == 7, err)
value, err = server.call(pid, "cannot cross")
assert(value == nil and err:kind() == errors.INVALID, err)
assert(server.call(pid, "delegate") == "from another")

-- Deferred, for several coroutines at once.
local done = channel.new(10)
for i = 1, 10 do
  coroutine.spawn(function()
    done:send(server.call(pid, "wait"))
  end)
end
time.sleep("20ms")
assert(server.call(pid, "release") == 10)
for _ = 1, 10 do
  assert((done:receive()) == 7)
end

-- Other messages.
assert(process.send(pid, "hello", 1))
assert(server.call(pid, "log") == "hello1")

-- A process that is no server.
local plain = assert(process.spawn("app:plain"))
assert(server.call(plain, "hi") == "hi!")
assert(process.send(plain, "other"))

-- Starts that fail.
local options = { host = "app:processes" }
value, err = server.start("app:counter", { refuse = true }, options)
assert(value == nil and err:kind() == "Shut" and err:details().day == 1, err)
value, err = server.start("app:counter", { raise = true })
assert(value == nil and err:message():find("raised in init"), err)
value, err = server.start("app:nothing")
assert(value == nil and err:kind() == errors.NOT_FOUND)
value, err = server.start("app:counter", {}, { name = "counter" })
assert(value == nil and err:kind() == errors.ALREADY_EXISTS)

-- In a coroutine beside others, too.
for _ = 1, 20 do
  local failed = channel.new(1)
  coroutine.spawn(function()
    failed:send(select(2, server.start("app:counter", { refuse = true })))
  end)
  assert(failed:receive():kind() == "Shut")
end

-- Mistakes.
assert(select(2, pcall(server.call, 7)):find("bad argument #1 to 'call' (string expected, got number)", 1, true))
value, err = server.call("nobody", 1)
assert(value == nil and err:kind() == errors.NOT_FOUND)
value, err = server.call(pid, "get", "soon")
assert(value == nil and err:kind() == errors.INVALID)
assert(server.call(pid, "get") == 7)
value, err = server.call(pid, "get", -1)
assert(value == nil and err:kind() == errors.INVALID, err)
assert(select(2, pcall(server.reply, 7)):find("bad argument #1 to 'reply' (message or table expected, got number)", 1, true))

-- A start that is not done in time ends the process, and nothing of the caller.
value, err = server.start("app:mute", nil, { timeout = "20ms" })
assert(value == nil and err:kind() == errors.TIMEOUT and err:retryable(), err)
time.sleep("100ms")
value, err = server.call(process.pid(), "get")
assert(value == nil and err:kind() == errors.INVALID)
assert(server.stop(pid) and server.stop(pid) == nil)
assert(process.inbox():receive(0) == nil and process.events():receive(0) == nil)
