-- Requests by name to a process of these modules, asked and answered as calls of a server:
-- a request is a table of the name and the arguments, with their number `n`.

local caller = require("warren.server.caller")
local failures = require("warren.server.failures")
local bad_argument, failure = failures.bad_argument, failures.failure
local replies = require("warren.server.replies")

-- No request has more arguments.
local MOST_ARGUMENTS <const> = 8

local requests = {}

local function packed(...)
  return { n = select("#", ...), ... }
end

-- The time for an answer that needs no work, in milliseconds.
local TIMEOUT <const> = 5000
-- The time for a process to show its kind. A supervisor reads no request while a child of
-- its starts or stops.
local PATIENCE <const> = { pool = TIMEOUT, supervisor = 60000 }

-- The kinds of processes that have shown them, by PID. Beyond so many all are forgotten.
local MOST_KNOWN <const> = 256
local kinds, known = {}, 0

-- Returns true if a process is of a kind; or nil and an error.
local function check_kind(kind, pid, name)
  if kinds[pid] == kind then
    return true
  end
  local shown, err = caller.ask(kind, pid, packed("ready"), PATIENCE[kind])
  if err ~= nil then
    return nil, err
  elseif shown ~= kind then
    return nil, failure(errors.INVALID, ("unknown request '%s': %s is no %s"):format(name, pid, kind))
  end
  if known == MOST_KNOWN then
    kinds, known = {}, 0
  end
  kinds[pid], known = kind, known + 1
  return true
end

-- Returns a function that asks a process of a kind. It takes the destination, the request's
-- arguments, of which there are `arity`, and a timeout. Without a timeout a process that has
-- shown its kind has as long as it takes; for a request that only `looks`, the usual time.
-- `argument` is the name of the first argument in errors.
function requests.to(kind, name, arity, options)
  local looks, argument = options and options.looks, options and options.argument
  return function(dest, ...)
    if type(dest) ~= "string" then
      bad_argument(1, name, "string", dest)
    end
    local pid, err = dest, nil
    if dest:byte() ~= 123 then
      pid, err = process.registry.lookup(dest)
      if not pid then
        return nil, err
      end
    end
    local timeout = select(arity + 1, ...)
    if looks then
      timeout = timeout or TIMEOUT
    elseif timeout == nil then
      local is_kind
      is_kind, err = check_kind(kind, pid, name)
      if not is_kind then
        return nil, err
      end
    end
    local request = packed(name, ...)
    for place = arity + 2, request.n do
      request[place] = nil
    end
    request.n = math.min(request.n, arity + 1)
    local answer
    answer, err = caller.ask(kind, pid, request, timeout)
    if err == nil then
      return answer
    elseif argument then
      err = failures.renamed(err, "^request%[2%]", argument)
    end
    return nil, err
  end
end

-- Sends a request whose answer comes on a topic.
function requests.send(pid, topic, ...)
  return process.send(pid, "call", topic, packed(...))
end

-- Starts a process with a request in its mailbox, and waits for the answer. Returns the
-- PID, or nil and the error that the request was refused with.
function requests.start(kind, spawn, spawner, ...)
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
  answer, err = caller.answer(pid, number, nil, kind)
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
function requests.answer(self, kind, handlers, message)
  local to, request = request_in(message)
  if not to then
    local said = "%s: no handler for the message '%s' from %s; dropped"
    logger:warn(said:format(kind, message:topic(), tostring(message:from())))
    return
  end
  local handle = handlers[request[1]]
  if not handle then
    local said = "unknown request '%s': %s is a %s"
    replies.refuse(to, failure(errors.INVALID, said:format(tostring(request[1]), process.pid(), kind)))
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
