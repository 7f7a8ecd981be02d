-- server: a process that answers requests, Erlang's gen_server.
--
-- The messages, the same in every language:
--
--   call    topic "call", (address, request)  to the server
--           topic of the address, (true, reply) or (false, error)  back
--   cast    topic "cast", request
--
-- An address is a topic; or a topic and a number, { topic, number }, which the answer has
-- behind its other values. All calls of a process have few topics and many numbers: so no
-- call has to subscribe, and the answer to a call that is over is known by its number.

local native = ...
local first, watch, abandon = native.first, native.watch, native.abandon
local process, errors, logger, time = process, errors, logger, time
local new_channel, run_beside = channel.new, coroutine.spawn
local send, listen, unlisten = process.send, process.listen, process.unlisten
local lookup = process.registry.lookup
local type, select, xpcall, error, tostring = type, select, xpcall, error, tostring
local setmetatable, getmetatable, next = setmetatable, getmetatable, next
local byte = string.byte

local CALL, CAST = "call", "cast"
local REPLY = "server.reply#"
local TIMEOUT = 5000
-- The words that begin the arguments of a definition which `start` or an upgrade starts.
local STARTED, UPGRADED = "server.start", "server.upgrade"

local server = {}

local function bad_argument(place, name, expected, value)
  local got = value == nil and "no value" or type(value)
  error("bad argument #" .. place .. " to '" .. name .. "' (" .. expected .. " expected, got " .. got .. ")", 3)
end

-- The caller's side ---------------------------------------------------------------------

-- Watches of the servers that were called, by PID: most are called again. Beyond so many,
-- those not called since are given up.
local MOST_WATCHES = 256
local watches, older, watched = {}, {}, 0

local function forget(pid)
  local ended = watches[pid] or older[pid]
  watches[pid], older[pid] = nil, nil
  if ended then
    abandon(ended)
  end
end

-- Returns the channel that yields the end of a process.
local function watch_of(pid)
  local known = older[pid]
  if known then
    older[pid] = nil
  else
    local err
    known, err = watch(pid)
    if not known then
      return nil, err
    end
  end
  if watched == MOST_WATCHES then
    for _, unused in next, older do
      abandon(unused)
    end
    watches, older, watched = {}, watches, 0
  end
  watches[pid] = known
  watched = watched + 1
  return known
end

-- Returns the error of a call whose server has ended.
local function ended(pid, outcome)
  forget(pid)
  if outcome.cause then
    return errors.wrap(outcome.cause, "server " .. pid .. " ended")
  end
  return errors.new {
    kind = errors.UNAVAILABLE,
    retryable = true,
    message = "server " .. pid .. " ended before it replied",
    details = { pid = pid },
  }
end

-- A line is what the answer of a call comes back on: a topic with its channel. Calls that
-- wait at the same time have a line each.
local free, kept, made, number = {}, 0, 0, 0
-- So many lines are kept for later calls.
local MOST_LINES = 16

local function new_line()
  local topic = REPLY .. made
  local replies, err = listen(topic, { message = true })
  if not replies then
    return nil, err
  end
  made = made + 1
  -- `late` counts the answers that calls have given up.
  return { topic = topic, replies = replies, address = { topic }, late = 0 }
end

local function take_line()
  local line = free[kept]
  if line then
    free[kept], kept = nil, kept - 1
    return line
  end
  return new_line()
end

local function give_back(line)
  line.current = nil
  if kept < MOST_LINES then
    kept = kept + 1
    free[kept] = line
  elseif line.sweeping then
    line.unwanted = true
  else
    unlisten(line.replies)
  end
end

-- Drops the answers of calls that were given up, as they come; the answer to the call that
-- has the line now is handed over.
local function sweep(line)
  while line.late > 0 or line.current do
    local answer = line.replies:receive()
    local _, _, n = answer:payload()
    if n == line.current then
      line.current = nil
      line.handed:send(answer)
    else
      line.late = line.late - 1
    end
  end
  line.sweeping = false
  if line.unwanted then
    unlisten(line.replies)
  end
end

local function give_up(line)
  line.late = line.late + 1
  if not line.sweeping then
    line.sweeping, line.handed = true, new_channel(1)
    run_beside(sweep, line)
  end
end

-- Returns the error of a call that was not answered in time.
local function timed_out(pid, timeout)
  if type(timeout) == "number" then
    timeout = time.parse_duration(timeout * time.MILLISECOND // 1)
  end
  return errors.new {
    kind = errors.TIMEOUT,
    retryable = true,
    message = "server " .. pid .. " did not answer within " .. tostring(timeout),
    details = { pid = pid },
  }
end

-- Waits for the answer with a number. Returns what the answer says, or nil and an error.
local function answer_on(line, mine, pid, ending, timeout)
  local place, came = first(timeout, line.sweeping and line.handed or line.replies, ending)
  if place == 1 then
    local ok, value, n = came:payload()
    if n ~= mine then
      -- The second answer to an earlier call.
      return answer_on(line, mine, pid, ending, timeout)
    elseif ok then
      return value, nil
    end
    return nil, value
  elseif place == 2 and came then
    return nil, ended(pid, came)
  elseif place == 2 then
    -- This watch was given up meanwhile, for those of other servers.
    local again, err = watch_of(pid)
    if not again then
      return nil, err
    end
    return answer_on(line, mine, pid, again, timeout)
  end
  give_up(line)
  -- Without a place there is an error for what is no duration.
  return nil, came or timed_out(pid, timeout)
end

-- Returns the PID behind a destination.
local function pid_of(destination)
  if byte(destination) == 123 then
    return destination
  end
  return lookup(destination)
end

-- Asks a server, and waits for its reply. Returns the reply, or nil and an error.
function server.call(destination, request, timeout)
  if type(destination) ~= "string" then
    bad_argument(1, "call", "string", destination)
  end
  local pid, err = pid_of(destination)
  if not pid then
    return nil, err
  end
  local ending = watches[pid]
  if not ending then
    ending, err = watch_of(pid)
    if not ending then
      return nil, err
    end
  end
  local line
  line, err = take_line()
  if not line then
    return nil, err
  end
  number = number + 1
  local mine = number
  line.current, line.address[2] = mine, mine
  local sent, value
  sent, err = send(pid, CALL, line.address, request)
  if sent then
    value, err = answer_on(line, mine, pid, ending, timeout or TIMEOUT)
  end
  give_back(line)
  if err ~= nil then
    return nil, err
  end
  return value
end

-- Sends a server a request, and waits for nothing.
function server.cast(destination, request)
  return send(destination, CAST, request)
end

-- Asks a server to end, and waits until it has.
function server.stop(destination, timeout)
  if type(destination) ~= "string" then
    bad_argument(1, "stop", "string", destination)
  end
  local pid, err = pid_of(destination)
  if not pid then
    return nil, err
  end
  local ending
  ending, err = watch_of(pid)
  if not ending then
    return nil, err
  end
  local done
  done, err = process.cancel(pid, timeout or TIMEOUT)
  if not done then
    return nil, err
  end
  first(nil, ending)
  forget(pid)
  return true
end

-- The server's side ---------------------------------------------------------------------

-- Returns where the reply to a message goes, a table that can be kept and sent on; nil for a
-- message that is no call.
function server.reply_to(message)
  if message:topic() ~= CALL then
    return nil
  end
  local address = message:payload()
  if type(address) == "table" then
    return { pid = message:from(), topic = address[1], number = address[2] }
  end
  return { pid = message:from(), topic = address }
end

-- Returns the request in a message that is a call or a cast.
function server.request(message)
  local first_value, second = message:payload()
  if message:topic() == CALL then
    return second
  end
  return first_value
end

-- Sends an answer. An answer to a caller that has ended, or whose queue is full, is dropped.
local function answer(to, ok, value)
  if type(to) ~= "table" then
    to = server.reply_to(to)
  end
  local sent, err
  if to.number then
    sent, err = send(to.pid, to.topic, ok, value, to.number)
  else
    sent, err = send(to.pid, to.topic, ok, value)
  end
  if not sent and err:kind() == errors.INVALID then
    return nil, err
  end
  return true
end

-- Answers a call: the message itself, or what `reply_to` has returned for it.
function server.reply(to, value)
  return answer(to, true, value)
end

-- Answers a call with an error, which `call` returns behind nil.
function server.refuse(to, err)
  return answer(to, false, err)
end

-- A handler returns one of these in the place of a reply.
local decision = { __name = "server.decision" }

-- The reply comes later, by `server.reply`.
server.noreply = setmetatable({}, decision)

-- The server ends: normally without a reason, and else with that failure. A second argument
-- is the reply to the call.
function server.finish(reason, ...)
  return setmetatable({ ends = true, reason = reason, replies = select("#", ...) > 0, reply = ... }, decision)
end

-- The server goes on with the code of another definition, or with the present code of its
-- own; `upgrade` of the new code is given the state. A second argument is the reply.
function server.become(definition, ...)
  return setmetatable({ upgrades = true, definition = definition, replies = select("#", ...) > 0, reply = ... }, decision)
end

-- Carries out a decision. Returns true, and the reason, where the server ends.
local function decided(decision, state)
  if decision.upgrades then
    local _, err = process.upgrade(decision.definition, UPGRADED, state)
    logger:error("server: cannot upgrade", { error = err })
  end
  return decision.ends, decision.reason
end

-- Answers a call with what its handler has returned; a decision may be without a reply.
local function respond(message, address, reply, err)
  if getmetatable(reply) == decision then
    if not reply.replies then
      return
    end
    reply = reply.reply
  end
  local ok, sent, refused = err == nil, nil, nil
  if not ok then
    reply = err
  end
  if type(address) == "table" then
    sent, refused = send(message:from(), address[1], ok, reply, address[2])
  else
    sent, refused = send(message:from(), address, ok, reply)
  end
  if not sent and refused:kind() == errors.INVALID then
    -- The reply cannot cross, but the reason can.
    server.refuse(message, errors.wrap(refused, "reply"))
  end
end

-- Handles an event. Returns what its handler does, or a decision.
local function event_came(module, state, event)
  if event.kind == process.event.CANCEL then
    return server.finish()
  elseif module.event then
    return module.event(state, event)
  elseif event.kind == process.event.LINK_DOWN and event.result.cause then
    return server.finish(errors.wrap(event.result.cause, "linked process " .. event.from .. " failed"))
  end
end

-- Handles messages and events, these first, until a handler ends the server. Returns the
-- reason.
local function serve(module, state)
  local on_call, on_cast, on_info = module.call, module.cast, module.info
  local events, inbox = process.events(), process.inbox()
  while true do
    local place, came = first(nil, events, inbox)
    local result, err
    if place == 1 then
      result = event_came(module, state, came)
    else
      local topic = came:topic()
      if topic == CALL and on_call then
        local address, request = came:payload()
        result, err = on_call(state, request, came)
        respond(came, address, result, err)
      elseif topic == CAST and on_cast then
        result = on_cast(state, (came:payload()))
      elseif on_info then
        result = on_info(state, came)
      else
        logger:warn("server: dropped a message '" .. topic .. "' from " .. tostring(came:from()))
      end
    end
    if getmetatable(result) == decision then
      local ends, reason = decided(result, state)
      if ends then
        return reason
      end
    end
  end
end

-- Makes a structured error of what a handler has raised, with the place.
local function with_place(raised)
  if type(raised) == "string" then
    return errors.new(raised)
  end
  return raised
end

-- Returns the first state: by `upgrade` of a server that goes on, else by `init`.
local function first_state(module, upgraded, ...)
  if upgraded then
    if module.upgrade then
      return module.upgrade(...)
    end
    return (...)
  elseif module.init then
    return module.init(...)
  end
  return (...) or {}
end

local function run(module, upgraded, to, ...)
  local started, state, err = xpcall(first_state, with_place, module, upgraded, ...)
  if not started then
    state, err = nil, state
  end
  if state == nil and err == nil then
    err = errors.new { kind = errors.INVALID, message = "init returned no state" }
  end
  if to then
    answer(to, err == nil, err == nil or err)
  end
  if err ~= nil then
    return nil, err
  end
  if not module.terminate then
    return nil, serve(module, state)
  end
  local served, reason = xpcall(serve, with_place, module, state)
  module.terminate(state, reason)
  return nil, reason
end

-- Runs a server in this process until its end, with these arguments for `init`.
function server.run(module, ...)
  local word, to = ...
  if word == STARTED then
    return run(module, false, to, select(3, ...))
  elseif word == UPGRADED then
    return run(module, true, nil, to)
  end
  return run(module, false, nil, ...)
end

-- Makes a table of handlers a definition: its file returns what this returns. `require` of
-- that file returns the handlers, too.
function server.entry(module)
  if type(module) ~= "table" then
    bad_argument(1, "entry", "table", module)
  end
  module.main = function(...)
    return server.run(module, ...)
  end
  return module
end

-- The function or method that spawns.
local function spawner_of(options)
  local name = "spawn" .. (options.link and "_linked" or "") .. (options.monitor and "_monitored" or "")
  local by = options.spawner
  if options.name then
    local err
    by, err = by or process.with_context {}, nil
    if by then
      by, err = by:with_name(options.name)
    end
    if not by then
      return nil, err
    end
  end
  if by then
    return function(...)
      return by[name](by, ...)
    end
  end
  return process[name]
end

-- Waits until a new server has started. Returns true, or nil and the error.
local function await_start(line, mine, pid, timeout)
  local ending = watch_of(pid)
  if ending then
    local started, err = answer_on(line, mine, pid, ending, timeout)
    if line.late > 0 then
      process.terminate(pid)
    end
    return started, err
  end
  -- It has ended already, and what it had to say is there.
  local said, came = first(0, line.replies)
  if said then
    local _, err = came:payload()
    return nil, err
  end
  return nil, ended(pid, {})
end

-- Starts a server, and waits until its `init` has returned. Returns its PID, or nil and the
-- error of `init` or of the spawn.
function server.start(definition, argument, options)
  if type(definition) ~= "string" then
    bad_argument(1, "start", "string", definition)
  elseif options ~= nil and type(options) ~= "table" then
    bad_argument(3, "start", "table", options)
  end
  options = options or {}
  local spawn, err = spawner_of(options)
  if not spawn then
    return nil, err
  end
  local line
  line, err = new_line()
  if not line then
    return nil, err
  end
  number = number + 1
  local to = { pid = process.pid(), topic = line.topic, number = number }
  local pid
  pid, err = spawn(definition, options.host, STARTED, to, argument)
  local started
  if pid then
    started, err = await_start(line, number, pid, options.timeout or TIMEOUT)
  end
  unlisten(line.replies)
  if started then
    return pid
  end
  return nil, err
end

return server
