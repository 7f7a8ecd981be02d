-- The answers to calls: to whom they go, and how they are sent.

local native = ...
local answer_message, caller_of, values = native.answer, native.caller, native.values
local errors, send = errors, process.send
local type = type
local failures = require("warren.server.failures")
local bad_argument, renamed = failures.bad_argument, failures.renamed

local replies = {}

-- Returns where the reply to a message goes, a table that can be kept and sent on; nil for a
-- message that is no call.
function replies.reply_to(message)
  local pid, topic, number = caller_of(message)
  if pid then
    return { pid = pid, topic = topic, number = number }
  end
  return nil
end

-- Returns the request in a message that is a call or a cast.
function replies.request(message)
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
    return nil, renamed(err, "^payload%[2%]", "reply")
  end
  return true
end

local answer = replies.answer

-- Answers a call: the message itself, or what `reply_to` has returned for it.
function replies.reply(to, value)
  if type(to) ~= "table" and type(to) ~= "userdata" then
    bad_argument(1, "reply", "message or table", to)
  end
  return answer(to, true, value)
end

-- Answers a call with an error, which `call` returns behind nil.
function replies.refuse(to, err)
  if type(to) ~= "table" and type(to) ~= "userdata" then
    bad_argument(1, "refuse", "message or table", to)
  end
  return answer(to, false, err)
end

return replies
