-- The peer that a guest SDK is held against: what each command does, in Lua. An
-- SDK's own peer does exactly this in its own language; main.lua compares them.
--
-- Arguments are a command and what it needs; the result is what it returns.
local host <const> = "app:processes"
local commands = {}

-- The parts of a failure, as the peer reports them.
local function parts(err)
  return { kind = err:kind(), message = err:message(), retryable = err:retryable(), details = err:details() }
end

-- Returns what it was given.
function commands.echo(value) return value end

-- Has another process return it, as the result of an exec.
function commands.exec(other, value) return process.exec(other, host, "echo", value) end

-- Becomes another definition, which returns it.
function commands.upgrade(other, value) return nil, (select(2, process.upgrade(other, "echo", value))) end

-- Fails with an error that has every part.
function commands.fail(details)
  return nil, errors.new { message = "it contradicts", kind = errors.CONFLICT, retryable = true, details = details }
end

-- Returns the parts of the error that another process failed with.
function commands.catch(other, details)
  return parts(select(2, process.exec(other, host, "fail", details)))
end

-- Answers one question with what it asks.
function commands.reply()
  local message = process.listen("ask", { message = true }):receive()
  assert(process.send(message:from(), "answer", (message:payload())))
end

-- Asks another process, in messages.
function commands.ask(other, value)
  local answers = process.listen("answer", { message = true })
  local pid = assert(process.spawn(other, host, "reply"))
  assert(process.send(pid, "ask", value))
  return (answers:receive():payload())
end

-- Tries what must fail and returns the kind of each error, in this order.
function commands.refusals()
  local kinds = {}
  local function note(_, err) kinds[#kinds + 1] = err:kind() end
  note(process.send("nobody is called this", "topic", 1))
  note(process.send(process.pid(), "@topic", 1))
  note(process.spawn("app:no-such-definition", host))
  note(process.registry.register("@name"))
  note(process.registry.lookup("nobody is called this"))
  note(process.monitor(process.pid()))
  note(process.upgrade("app:no-such-definition"))
  return kinds
end

-- Watches a process that fails, and returns the kind of the event and the parts
-- of the error.
function commands.watch(other, details)
  local pid = assert(process.spawn_monitored(other, host, "fail", details))
  local event = process.events():receive()
  assert(event.from == pid)
  return { event = event.kind, cause = parts(event.result.cause) }
end

-- The same over a link, trapping.
function commands.trap(other, details)
  assert(process.set_options { trap_links = true })
  local pid = assert(process.spawn_linked(other, host, "fail", details))
  local event = process.events():receive()
  assert(event.from == pid)
  return { event = event.kind, cause = parts(event.result.cause) }
end

-- Returns the kind of the first event and whether it has a deadline.
function commands.await_event()
  local event = process.events():receive()
  return { event = event.kind, deadline = event.deadline ~= nil }
end

-- Asks another process to end, in a minute at the latest, and returns the result
-- of its `await_event`.
function commands.cancel(other)
  local pid = assert(process.spawn_monitored(other, host, "await_event"))
  assert(process.cancel(pid, "1m"))
  return process.events():receive().result.value
end

-- Returns its context value of this key.
function commands.context(key) return (ctx.get(key)) end

-- Starts another process with all that can be said about it: a name, a context
-- value, and two messages it finds first; returns what `found` returns.
function commands.dress(other, value)
  local spawner = assert(process.with_context { dress = value })
  spawner = assert(spawner:with_name("dressed"))
  spawner = assert(spawner:with_message("first", 1, nil))
  spawner = assert(spawner:with_message("second", value))
  return spawner:exec(other, host, "found")
end

-- Returns what `dress` gave: whether the name is its own, the context value, and
-- of each message its topic and the number and value of what it holds.
function commands.found()
  local inbox = process.inbox()
  local first, second = inbox:receive(), inbox:receive()
  return {
    named = process.registry.lookup("dressed") == process.pid(),
    context = ctx.get("dress"),
    topics = { first:topic(), second:topic() },
    counts = { select("#", first:payload()), select("#", second:payload()) },
    value = (second:payload()),
  }
end

-- Waits for a message of a topic nobody sends, 2 ms, and returns whether it came
-- and whether the time passed.
function commands.wait()
  local began = time.now()
  local timeout = time.after("2ms")
  local chosen = channel.select { process.listen("never"):case_receive(), timeout:case_receive() }
  return { came = chosen.channel ~= timeout, waited = time.now():sub(began):milliseconds() >= 2 }
end

-- Fails with no structured error of its own: a bug.
function commands.bug() error("a bug") end

return function(command, ...) return commands[command](...) end
