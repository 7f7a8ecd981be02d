-- The side that asks: calls and casts, and the ends of the processes that were called.

local native = ...
local ask, await, new_address = native.ask, native.await, native.address
local first, watch, abandon, is_awaited = native.first, native.watch, native.abandon, native.is_awaited
-- Returns the results of a function, as its last call, and tells if nobody takes them: the
-- calls that succeed pay nothing for it.
local discarded = native.discarded
local process, errors, time = process, errors, time
local send, lookup = process.send, process.registry.lookup
local type, tostring, setmetatable, next = type, tostring, setmetatable, next
local byte = string.byte
local failures = require("warren.server.failures")
local bad_argument, failure = failures.bad_argument, failures.failure
local no_destination = failures.no_destination

local TIMEOUT <const> = 5000

local caller = {}

-- Channels that yield the ends of processes that were called, by PID: most are called again.
-- Beyond so many, those not called since are given up.
local MOST_WATCHES <const> = 256
local watches, older, watched = {}, {}, 0
-- The outcomes that one coroutine has read, for the others that wait for them.
local outcomes = setmetatable({}, { __mode = "k" })

-- Gives up the watches that were not used since the last time, unless a call waits.
local function give_up_older()
  local kept = watches
  for pid, unused in next, older do
    if is_awaited(unused) then
      kept[pid] = unused
    else
      abandon(unused)
    end
  end
  watches, older, watched = {}, kept, 0
end

-- Keeps the channel that yields the end of a process for the next calls, and returns it.
local function keep(pid, ending)
  if not watches[pid] then
    if watched == MOST_WATCHES then
      give_up_older()
    end
    watches[pid], older[pid] = ending, nil
    watched = watched + 1
  end
  return ending
end

-- Returns the channel that yields the end of a process, or nil and an error.
local function watch_of(pid)
  local ending, err = watches[pid] or older[pid], nil
  if not ending then
    ending, err = watch(pid)
    if not ending then
      return nil, err
    end
  end
  return keep(pid, ending)
end

-- Returns the PID behind a destination and the channel of its end, or nil and an error.
local function watched_pid(destination)
  local pid, err = destination, nil
  if byte(destination) ~= 123 then
    pid, err = lookup(destination)
    if not pid then
      return nil, err
    end
  end
  local ending
  ending, err = watch_of(pid)
  if not ending then
    return nil, err
  end
  return pid, ending
end

-- Notes that a process has ended; without an outcome, another coroutine has read it.
local function note_end(pid, ending, outcome)
  outcome = outcome or outcomes[ending] or {}
  outcomes[ending] = outcome
  if watches[pid] == ending then
    watches[pid] = nil
  elseif older[pid] == ending then
    older[pid] = nil
  end
  abandon(ending)
  return outcome
end

-- Returns the error of a call whose server has ended. `kind` is the word for that process.
local function ended(pid, outcome, kind)
  local message = (kind or "server") .. " " .. pid .. " ended"
  if outcome.cause then
    return errors.wrap(outcome.cause, message)
  end
  return failure(errors.UNAVAILABLE, message .. " before it replied", { pid = pid })
end

-- Returns the error of a call that was not answered in time.
local function timed_out(pid, timeout, kind)
  if type(timeout) == "number" then
    timeout = time.parse_duration(timeout * time.MILLISECOND // 1)
  end
  local message = (kind or "server") .. " " .. pid .. " did not answer within " .. tostring(timeout)
  if kind then
    message = message .. "; it is busy, or is no " .. kind
  end
  return failure(errors.TIMEOUT, message, { pid = pid })
end

-- Returns the error of a call that was not answered; `why` is as `native.await` says.
local function unanswered(pid, ending, why, timeout, kind)
  if why == "timeout" then
    return timed_out(pid, timeout, kind)
  end
  return ended(pid, note_end(pid, ending, why), kind)
end

-- Asks a server, and waits for its reply. Returns the reply, or nil and an error.
function caller.call(destination, request, timeout)
  local ending = watches[destination]
  if not ending then
    if destination == nil then
      return discarded("server.call", nil, no_destination())
    elseif type(destination) ~= "string" then
      bad_argument(1, "call", "string", destination)
    end
    destination, ending = watched_pid(destination)
    if not destination then
      return discarded("server.call", nil, ending)
    end
  end
  timeout = timeout or TIMEOUT
  local value, err, why = ask(destination, request, timeout, ending)
  if why ~= nil then
    return discarded("server.call", nil, unanswered(destination, ending, why, timeout))
  elseif err ~= nil then
    return discarded("server.call", nil, err)
  end
  return value
end

-- Asks a process of a kind, whose word errors name. Without a timeout, only the end of the
-- process ends the wait. `shown` is the timeout that errors name, if it is another one.
function caller.ask(kind, destination, request, timeout, shown)
  local pid, ending = watched_pid(destination)
  if not pid then
    return nil, ending
  end
  local value, err, why = ask(pid, request, timeout, ending)
  if why ~= nil then
    return nil, unanswered(pid, ending, why, shown or timeout, kind)
  elseif err ~= nil then
    return nil, err
  end
  return value
end

-- Returns the topic and the number for an answer that `caller.answer` waits for, in the
-- same coroutine; or nil and an error.
caller.address = new_address

-- Returns true, or nil and the error of what is no timeout.
caller.check_timeout = native.check_timeout

-- Waits for the answer with a number from a process that was started with the address, and
-- whose end the channel `ending` yields; without a timeout, until the process ends. Returns the
-- reply, or nil, the error, and true if it is TIMEOUT.
function caller.answer(pid, ending, number, timeout, kind)
  keep(pid, ending)
  local value, err, why = await(number, timeout, ending)
  if why == nil then
    return value, err, false
  end
  return nil, unanswered(pid, ending, why, timeout, kind), why == "timeout"
end

-- Waits for the end of a process whose answer was the last thing that it did.
function caller.wait_for_end(pid)
  local ending = watches[pid] or older[pid]
  -- Without it, another coroutine has read the end.
  if ending then
    local _, outcome = first(nil, ending)
    note_end(pid, ending, outcome)
  end
end

-- Sends a server a request, and waits for nothing.
function caller.cast(destination, request)
  if destination == nil then
    return discarded("server.cast", nil, no_destination())
  elseif type(destination) ~= "string" then
    bad_argument(1, "cast", "string", destination)
  end
  local sent, err = send(destination, "cast", request)
  if sent then
    return sent
  elseif byte(destination) == 123 and errors.is(err, errors.NOT_FOUND) then
    -- A process may end by right at any time.
    return nil, err
  end
  return discarded("server.cast", nil, err)
end

-- Asks a server to end, and waits until it has. A server that has not ended in time is
-- terminated; the error of who may not do that is returned.
function caller.stop(destination, timeout)
  if destination == nil then
    return nil, no_destination()
  elseif type(destination) ~= "string" then
    bad_argument(1, "stop", "string", destination)
  end
  local pid, ending = watched_pid(destination)
  if not pid then
    return nil, ending
  end
  timeout = timeout or TIMEOUT
  local done, err = process.cancel(pid, timeout)
  if not done then
    return nil, err
  end
  local place, outcome = first(timeout, ending)
  if not place then
    done, err = process.terminate(pid)
    if not done and not errors.is(err, errors.NOT_FOUND) then
      return nil, err
    end
    place, outcome = first(nil, ending)
  end
  note_end(pid, ending, outcome)
  return true
end

return caller
