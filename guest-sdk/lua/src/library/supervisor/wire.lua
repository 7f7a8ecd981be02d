-- Requests and answers, in the form of the Rust SDK's `server`: a message `call` with the
-- topic of the answer and the request; an answer of true and a value, or false and an
-- error. A topic may come with a number, which the answer has behind the rest.

local wire = {}

local calls = 0

-- Returns the channel of the answers to a new request, and its topic.
local function begin()
  calls = calls + 1
  local topic = "supervisor.reply#" .. calls
  local replies, err = process.listen(topic)
  return replies, replies and topic or err
end

-- Waits for the answer of a process, however long it takes. The end of the process is an
-- error.
local function await(pid, replies)
  local answer, err
  local sent, patience = true, 20 -- milliseconds
  while sent and not answer do
    answer = replies:receive(patience .. "ms")
    patience = math.min(2 * patience, 1000)
    if not answer then
      -- A message that says nothing, to learn that its receiver lives. A monitor would
      -- be in the way of the caller's own.
      sent, err = process.send(pid, "supervisor.alive")
      if not sent then
        -- It may have answered before its end.
        answer = channel.select({ replies:case_receive() }, true).value
      end
    end
  end
  process.unlisten(replies)
  if not answer then
    return nil, err
  elseif answer[1] then
    return answer[2]
  end
  return nil, answer[2]
end

-- Sends a request whose answer is awaited on a topic.
function wire.ask(pid, topic, ...)
  return process.send(pid, "call", topic, { n = select("#", ...), ... })
end

-- Sends a request and waits for its answer.
function wire.call(dest, ...)
  local pid, err = dest, nil
  if not dest:find("^{") then
    pid, err = process.registry.lookup(dest)
    if not pid then
      return nil, err
    end
  end
  local replies, topic = begin()
  if not replies then
    return nil, topic
  end
  local sent
  sent, err = wire.ask(pid, topic, ...)
  if not sent then
    process.unlisten(replies)
    return nil, err
  end
  return await(pid, replies)
end

-- Starts a process with a request in its mailbox, and waits for the answer. Returns the
-- PID, or nil and the error that the request was refused with.
function wire.start(spawn, spawner, ...)
  local replies, topic = begin()
  if not replies then
    return nil, topic
  end
  local asking, err = spawner:with_message("call", topic, { n = select("#", ...), ... })
  local pid
  if asking then
    pid, err = spawn(asking)
  end
  if not pid then
    process.unlisten(replies)
    return nil, err
  end
  local answer
  answer, err = await(pid, replies)
  return answer and pid, err
end

local caller = {}
caller.__index = caller

function caller:pid()
  return self.from
end

-- An answer to a caller that has ended, or whose queue is full, is dropped.
function caller:reply(value)
  return process.send(self.from, self.topic, true, value, self.number)
end

function caller:refuse(err)
  return process.send(self.from, self.topic, false, err, self.number)
end

-- Returns the one who waits for the answer to a message, and the request; nothing for a
-- message that is no request.
function wire.request(message)
  local address, request = message:payload()
  if message:topic() ~= "call" or type(request) ~= "table" then
    return nil
  elseif type(address) ~= "table" then
    address = { address }
  end
  return setmetatable({ from = message:from(), topic = address[1], number = address[2] }, caller), request
end

-- Answers a message with one of these functions. Each returns its answer, or nil and an
-- error; or nothing, and answers later.
function wire.answer(self, requests, message)
  local caller, request = wire.request(message)
  if not caller then
    if message:topic() ~= "supervisor.alive" then
      logger:warn("dropped a message", { topic = message:topic(), from = message:from() })
    end
    return
  end
  local handle = requests[request[1]]
  if not handle then
    local err = { kind = errors.INVALID, retryable = false, message = "this request is not known here" }
    return caller:refuse(errors.new(err))
  end
  local answer, err = handle(self, caller, table.unpack(request, 2, request.n or #request))
  if err then
    caller:refuse(err)
  elseif answer ~= nil then
    caller:reply(answer)
  end
end

-- Refuses all requests that have come to a process that ends.
function wire.refuse(inbox, err)
  repeat
    local got = channel.select({ inbox:case_receive() }, true)
    local caller = not got.default and wire.request(got.value)
    if caller then
      caller:refuse(err)
    end
  until got.default
end

return wire
