-- The answers to calls: to whom they go, and how they are sent.

local native = ...
local answer_message, caller_of, values = native.answer, native.caller, native.values
local errors, send = errors, process.send
local type = type
local failures = require("warren.server.failures")
local bad_argument, of_value = failures.bad_argument, failures.of_value

local replies = {}

-- Refuses the first argument of the function of this name, which ends by a call of this one.
local function wrong(name, expected, value)
  if value == nil then
    return nil, failures.failure(errors.INVALID, (expected == "message" and expected or "to") .. " is missing")
  end
  bad_argument(1, name, expected, value)
end

-- Returns where the reply to a message goes, a table that can be kept and sent on; nil for a
-- message that is no call.
function replies.reply_to(message)
  if type(message) ~= "userdata" then
    return wrong("reply_to", "message", message)
  end
  local pid, topic, number = caller_of(message)
  if pid then
    return { pid = pid, topic = topic, number = number }
  end
  return nil
end

-- Returns the request in a message that is a call or a cast.
function replies.request(message)
  if type(message) ~= "userdata" then
    return wrong("request", "message", message)
  end
  local first, second = values(message)
  if caller_of(message) then
    return second
  end
  return first
end

-- Sends an answer. An answer to a caller that has ended, or whose queue is full, is dropped.
function replies.answer(to, is_reply, value)
  if type(to) ~= "table" then
    local _, err = answer_message(to, is_reply, value)
    if err then
      return nil, err
    end
    return true
  end
  local sent, err
  if to.number then
    sent, err = send(to.pid, to.topic, is_reply, value, to.number)
  else
    sent, err = send(to.pid, to.topic, is_reply, value)
  end
  if not sent and err:kind() == errors.INVALID then
    return nil, of_value(err, value, "reply")
  end
  return true
end

local answer = replies.answer

-- Answers a call: the message itself, or what `reply_to` has returned for it.
function replies.reply(to, value)
  if type(to) ~= "table" and type(to) ~= "userdata" then
    return wrong("reply", "message or table", to)
  end
  return answer(to, true, value)
end

-- Answers a call with an error, which `call` returns behind nil.
function replies.refuse(to, err)
  if type(to) ~= "table" and type(to) ~= "userdata" then
    return wrong("refuse", "message or table", to)
  end
  return answer(to, false, err)
end

return replies
