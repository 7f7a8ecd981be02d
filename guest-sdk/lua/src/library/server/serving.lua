-- The side that answers: a process that handles messages and events one at a time.

local native = ...
local next_message, answer = native.next, native.answer
local process, errors, logger = process, errors, logger
local error, type, select, xpcall, tostring = error, type, select, xpcall, tostring
local setmetatable, getmetatable = setmetatable, getmetatable
local failures = require("warren.server.failures")
local structured, reason_of, of_value = failures.structured, failures.reason, failures.of_value
local handlers = require("warren.server.handlers")
local replies = require("warren.server.replies")
local STARTED <const> = require("warren.server.starting").STARTED

-- The word that begins the arguments of a definition which an upgrade starts.
local UPGRADED <const> = "server.upgrade"

-- The tasks that `native.next` gives to a server.
local EVENT <const>, CALL <const>, CAST <const> = 1, 2, 3

local serving = {}

-- A handler returns one of these in the place of a reply.
local decision = { __name = "server.decision" }

-- The reply comes later, by `server.reply`.
serving.noreply = setmetatable({}, decision)

-- The server ends: normally without a reason, and else with that failure. A second argument
-- is the reply to the call.
function serving.finish(reason, ...)
  return setmetatable({ ends = true, reason = reason, replies = select("#", ...) > 0, reply = ... }, decision)
end

-- The server goes on with the code of another definition, or with the present code of its
-- own; `upgrade` of the new code is given the state. A second argument is the reply.
function serving.become(definition, ...)
  return setmetatable({ upgrades = true, definition = definition, replies = select("#", ...) > 0, reply = ... }, decision)
end

-- Upgrades the server. The new code answers the call that asked for the upgrade. If the
-- upgrade is refused, the error is the answer, and the server goes on.
local function upgrade(decision, state, call)
  local to = call and replies.reply_to(call)
  if to then
    to.replies, to.reply = decision.replies, decision.reply
  end
  local _, err = process.upgrade(decision.definition, UPGRADED, state, to)
  if errors.is(err, errors.INVALID) then
    err = of_value(of_value(err, decision.reply, "reply"), state, "state")
  end
  logger:error("server: cannot upgrade", { error = err })
  if to then
    replies.refuse(to, err)
  end
end

-- Carries out a decision, of the handler of `call` if that is a call. Returns true, and the
-- reason, where the server ends.
local function decided(decision, state, call)
  if decision.upgrades then
    upgrade(decision, state, call)
  end
  return decision.ends, decision.reason
end

-- Refuses a call, if need be with why its error cannot cross.
local function refuse(message, err)
  local _, refused = answer(message, false, err)
  if refused then
    answer(message, false, refused)
  end
end

-- Answers a call with what its handler has returned. Returns the decision that this is, if
-- it is one; a decision may be without a reply, and an upgrade replies itself.
local function respond(message, result, err)
  if result == nil and err ~= nil then
    refuse(message, err)
    return nil
  end
  local made, refused = answer(message, true, result, decision)
  if made and made.replies and not made.upgrades then
    local _
    _, refused = answer(message, true, made.reply)
  end
  if refused then
    -- The reply cannot cross, but the reason can.
    refuse(message, refused)
  end
  return made
end

-- Handles an event. Returns what its handler does, or a decision.
local function event_came(module, state, event)
  if event.kind == process.event.CANCEL then
    return serving.finish()
  elseif module.event then
    return module.event(state, event)
  elseif event.kind == process.event.LINK_DOWN and event.result.cause then
    return serving.finish(errors.wrap(event.result.cause, "linked process " .. event.from .. " failed"))
  end
end

-- Handles messages and events, these first, until a handler ends the server. Returns the
-- reason.
local function serve(module, state)
  local on_call, on_cast, on_info = module.call, module.cast, module.info
  local events, inbox = process.events(), process.inbox()
  while true do
    local kind, came, request = next_message(events, inbox)
    local result
    if kind == CALL and on_call then
      result = respond(came, on_call(state, request, came))
    elseif kind == EVENT then
      result = event_came(module, state, came)
    elseif kind == CAST and on_cast then
      result = on_cast(state, request)
    elseif on_info then
      result = on_info(state, came)
    else
      logger:warn("server: no handler for the message '" .. came:topic() .. "' from " .. tostring(came:from()) .. "; dropped")
    end
    if result ~= nil and getmetatable(result) == decision then
      local ends, reason = decided(result, state, kind == CALL and came)
      if ends then
        return reason
      end
    end
  end
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
  local argument = ...
  if argument == nil then
    return {}
  end
  return argument
end

-- Runs a server. `to` is the caller that waits for the start or the upgrade, if there is one,
-- with the reply to it.
local function run(module, upgraded, to, ...)
  local started, state, err = xpcall(first_state, structured, module, upgraded, ...)
  if not started then
    state, err = nil, state
  end
  if state ~= nil then
    err = nil
  else
    err = reason_of(err)
      or failures.failure(errors.INVALID, (upgraded and "upgrade" or "init") .. " returned no state")
  end
  if to and err ~= nil then
    replies.refuse(to, err)
  elseif to and to.replies then
    replies.reply(to, to.reply)
  end
  if err ~= nil then
    return nil, err
  end
  if not module.terminate then
    return nil, reason_of(serve(module, state))
  end
  local _, reason = xpcall(serve, structured, module, state)
  reason = reason_of(reason)
  module.terminate(state, reason)
  return nil, reason
end

-- Runs a server in this process until its end, with these arguments for `init`.
function serving.run(module, ...)
  if module == nil then
    return nil, failures.failure(errors.INVALID, "handlers are missing")
  elseif type(module) ~= "table" then
    failures.bad_argument(1, "run", "table", module)
  end
  local mistake = handlers.mistake(module)
  if mistake then
    return nil, failures.failure(errors.INVALID, mistake)
  end
  local word, first, second = ...
  if word == STARTED then
    first.replies, first.reply = true, true
    return run(module, false, first, select(3, ...))
  elseif word == UPGRADED then
    return run(module, true, second, first)
  end
  return run(module, false, nil, ...)
end

-- Makes a table of handlers a definition: its file returns what this returns. `require` of
-- that file returns the handlers, too.
function serving.entry(module)
  if type(module) ~= "table" then
    failures.bad_argument(1, "entry", "table", module)
  end
  local mistake = handlers.mistake(module)
  if mistake then
    error("server.entry: " .. mistake, 2)
  end
  module.main = function(...)
    return serving.run(module, ...)
  end
  return module
end

return serving
