-- Requests by name to a process of these modules, asked and answered as calls of a server:
-- a request is a table of the name and the arguments, with their number `n`.

local caller = require("warren.server.caller")
local replies = require("warren.server.replies")

-- No request has more arguments.
local MOST_ARGUMENTS <const> = 8

local requests = {}

local function packed(...)
  return { n = select("#", ...), ... }
end

-- Asks a process, and waits however long the answer takes. The end of the process is an
-- error.
function requests.ask(dest, ...)
  return caller.ask(dest, packed(...))
end

-- Sends a request whose answer comes on a topic.
function requests.send(pid, topic, ...)
  return process.send(pid, "call", topic, packed(...))
end

-- Starts a process with a request in its mailbox, and waits for the answer. Returns the
-- PID, or nil and the error that the request was refused with.
function requests.start(spawn, spawner, ...)
  local topic, number = caller.address()
  if not topic then
    return nil, number
  end
  local asking, err = spawner:with_message("call", { topic, number }, packed(...))
  local pid
  if asking then
    pid, err = spawn(asking)
  end
  if not pid then
    return nil, err
  end
  local answer
  answer, err = caller.answer(pid, number)
  return answer and pid, err
end

-- Returns the one who waits for the answer to a message, as `server.reply_to`, and the
-- request; nothing for a message that is no request.
local function request_in(message)
  local to = replies.reply_to(message)
  local request = to and replies.request(message)
  if type(request) == "table" then
    return to, request
  end
end

-- Answers a message with one of these functions, which are given the one who waits. Each
-- returns its answer, or nil and an error; or nothing, and answers later.
function requests.answer(self, handlers, message)
  local to, request = request_in(message)
  if not to then
    logger:warn("dropped a message", { topic = message:topic(), from = message:from() })
    return
  end
  local handle = handlers[request[1]]
  if not handle then
    local err = { kind = errors.INVALID, retryable = false, message = "this request is not known here" }
    replies.refuse(to, errors.new(err))
    return
  end
  local last = math.type(request.n) == "integer" and request.n or #request
  local answer, err = handle(self, to, table.unpack(request, 2, math.min(last, 1 + MOST_ARGUMENTS)))
  if err then
    replies.refuse(to, err)
  elseif answer ~= nil then
    replies.reply(to, answer)
  end
end

-- Refuses all requests that have come to a process that ends.
function requests.refuse_all(inbox, err)
  local message = inbox:receive(0)
  while message do
    local to = request_in(message)
    if to then
      replies.refuse(to, err)
    end
    message = inbox:receive(0)
  end
end

return requests
