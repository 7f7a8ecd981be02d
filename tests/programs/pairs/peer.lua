-- One side of every pair of languages; each language has a peer that does
-- exactly this.
local host <const> = "app:processes"
local commands = {}

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
  local _, err = process.exec(other, host, "fail", details)
  return { kind = err:kind(), message = err:message(), retryable = err:retryable(), details = err:details() }
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

return function(command, ...) return commands[command](...) end
