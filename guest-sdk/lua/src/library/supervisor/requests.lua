-- Requests by name to a process of these modules, asked and answered as calls of a server:
-- a request is a table of the name and the arguments, with their number `n`.

local alarms = require("warren.supervisor.alarms")
local caller = require("warren.server.caller")
local failures = require("warren.server.failures")
local bad_argument, failure = failures.bad_argument, failures.failure
local of_value = failures.of_value
local replies = require("warren.server.replies")

-- No request has more arguments.
local MOST_ARGUMENTS <const> = 8

local requests = {}

local function packed(...)
  return { n = select("#", ...), ... }
end

-- The time for an answer that needs no work, in milliseconds.
local TIMEOUT <const> = 5000
-- The time for a process to show its kind, for other requests. A supervisor reads no request while a child of
-- its starts or stops.
local PATIENCE <const> = { pool = TIMEOUT, supervisor = 60000 }

-- The kinds of processes that have shown them, by PID. Beyond so many all are forgotten.
local MOST_KNOWN <const> = 256
local kinds, known = {}, 0

-- Returns what is left of a timeout, in milliseconds.
local function rest_of(timeout, began)
  local span = type(timeout) == "number" and timeout * time.MILLISECOND
    or time.parse_duration(timeout):nanoseconds()
  return math.max(span - (alarms.now() - began), 0) / time.MILLISECOND
end

-- Has a process show that it is of a kind, unless it has. Returns what is left of the
-- timeout; or nil and an error.
local function check_kind(kind, pid, name, timeout, patience)
  if kinds[pid] == kind then
    return true, timeout
  end
  local began = alarms.now()
  local shown, err = caller.ask(kind, pid, packed("ready"), timeout or patience)
  if err ~= nil then
    return nil, err
  elseif shown ~= kind then
    return nil, failure(errors.INVALID, ("unknown request '%s': %s is no %s"):format(name, pid, kind))
  end
  if known == MOST_KNOWN then
    kinds, known = {}, 0
  end
  kinds[pid], known = kind, known + 1
  return true, timeout and rest_of(timeout, began)
end

-- Returns the error of a request that was not sent or was refused: that of an argument, by
-- its name, if the argument cannot cross.
local function refused(err, names, ...)
  for place, name in ipairs(names) do
    err = of_value(err, (select(place, ...)), name)
  end
  return err
end

-- Returns a function that asks a process of a kind. It takes the destination, the arguments
-- of the request and a timeout. Without a timeout the process has as long as it takes; for a
-- request that only `looks`, the usual time. Options: `arguments`, their names in errors;
-- `required`, how many of them must not be nil; `as`, the name of the function in errors;
-- `refused`, in the place of the function above; `ends`, if the process ends with its answer.
function requests.to(kind, name, options)
  local names, required, looks = options.arguments or {}, options.required or 0, options.looks
  local shown_name, patience = options.as or name, looks and TIMEOUT or PATIENCE[kind]
  local explain = options.refused or refused
  return function(dest, ...)
    if dest == nil then
      return nil, failures.no_destination()
    elseif type(dest) ~= "string" then
      bad_argument(1, shown_name, "string", dest)
    end
    for place = 1, required do
      if select(place, ...) == nil then
        return nil, failure(errors.INVALID, names[place] .. " is missing")
      end
    end
    local given = select(#names + 1, ...)
    if given == nil and looks then
      given = TIMEOUT
    end
    local may_wait, err = caller.check_timeout(given)
    if not may_wait then
      return nil, err
    end
    local pid = dest
    if dest:byte() ~= 123 then
      pid, err = process.registry.lookup(dest)
      if not pid then
        return nil, err
      end
    end
    local is_kind, timeout = check_kind(kind, pid, shown_name, given, patience)
    if not is_kind then
      return nil, timeout
    end
    local request = packed(name, ...)
    for place = #names + 2, request.n do
      request[place] = nil
    end
    request.n = math.min(request.n, #names + 1)
    local answer
    answer, err = caller.ask(kind, pid, request, timeout, given)
    if err == nil then
      if options.ends then
        caller.wait_for_end(pid)
      end
      return answer
    elseif errors.is(err, errors.INVALID) then
      err = explain(err, names, ...)
    end
    return nil, err
  end
end

-- Starts a process with a request in its mailbox, and waits for the answer. `spawn` starts
-- the process, watched from before it runs, with the spawner that it is given. Returns the PID,
-- or nil and the error that the request was refused with.
function requests.start(kind, spawn, spawner, ...)
  local topic, number = caller.address()
  if not topic then
    return nil, number
  end
  local asking, err = spawner:with_message("call", { topic, number }, packed(...))
  if not asking then
    return nil, err
  end
  local pid, ending = spawn(asking)
  if not pid then
    return nil, ending
  end
  local answer
  answer, err = caller.answer(pid, ending, number, nil, kind)
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
