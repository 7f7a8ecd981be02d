-- funcs: calls of functions. A function is a definition that runs to its end and answers.

local native, funcs = ...
local object, state = native.object, native.state
local call_function, begin, abandon = native.call_function, native.begin_call, native.abandon
local encode_options = native.encode_options
local nanoseconds, payload_of = native.nanoseconds, native.payload_of
local public, wrong = native.public, native.bad_argument
local kept = native.kept
local type, next, pcall, find = kept.type, kept.next, kept.pcall, kept.find
local new_error, new_channel, spawn, sleep = kept.new_error, kept.new_channel, kept.spawn, kept.sleep
local with_values, flattened, invalid = kept.with_values, kept.flattened, kept.invalid
local replaced = kept.replaced
local TIMEOUT, CANCELED = kept.TIMEOUT, kept.CANCELED
local any = new_channel()
local receive, send, close = any.receive, any.send, any.close

-- Cancels after which others run: each leaves a coroutine that has to end.
local CANCELS = 64

local executor_class = { __name = "executor", __metatable = "executor" }
local future_class = { __name = "future", __metatable = "future" }
local executors, futures = {}, {}
executor_class.__index, future_class.__index = executors, futures

-- The options of a call, encoded at the first one.
local function options_of(self)
  if not self.options then
    self.options = encode_options {
      context = self.context and flattened(self.context),
      actor = self.actor,
      scope = self.scope,
      call = true,
    }
  end
  return self.options
end

-- Returns the reason for which a value is no id of a function; nothing for an id.
local function not_id(id, arg, name)
  if id == nil then
    return "id is missing"
  elseif type(id) ~= "string" then
    wrong(arg, name, "string", id)
  elseif not find(id, "^[^:]+:.") then
    return "an id is text such as 'namespace:name'"
  end
end

local function call(self, why, id, ...)
  if why then
    return invalid(why)
  end
  return call_function(options_of(self), self.timeout, id, nil, ...)
end

-- Ends a future with a payload or an error.
local function complete(self, value, err)
  self.done, self.value, self.err, self.outcome = true, value, err, nil
  -- The program may have closed the channel, or filled it.
  if pcall(send, self.channel, err or value) then
    close(self.channel)
  end
end

-- Waits for the answer of a future, in a coroutine of its own.
local function await(self)
  if self.done then
    return
  end
  local outcome, open = receive(self.outcome, self.timeout and self.timeout / 1000000)
  if self.done then
    return
  elseif not open then
    abandon(self.outcome)
    complete(self, nil, new_error {
      kind = TIMEOUT, retryable = true,
      message = "the callee did not end within the timeout and was terminated",
    })
  elseif type(outcome) ~= "table" then
    complete(self, payload_of())
  elseif outcome.cause ~= nil then
    complete(self, nil, outcome.cause)
  else
    complete(self, payload_of(outcome.value))
  end
end

-- Futures of calls that did not start, and the errors of each. They are complete once the
-- process waits, as others are.
local refused, count = {}, 0

local function refuse_all()
  local list = refused
  refused, count = {}, 0
  for _, future in next, list do
    if not future.done then
      complete(future, nil, future.refusal)
    end
  end
end

-- The error behind the future is not for the program, which reads it from there.
local function async(self, why, id, ...)
  if why then
    return invalid(why)
  end
  local future = { channel = new_channel(1), timeout = self.timeout }
  local outcome, err = begin(options_of(self), id, nil, ...)
  if outcome then
    future.outcome = outcome
    spawn(await, future)
  else
    future.refusal = err
    count = count + 1
    refused[count] = future
    if count == 1 then
      spawn(refuse_all)
    end
  end
  return object(future_class, future), err
end

local plain = {}

funcs.call = public(function(id, ...)
  return call(plain, not_id(id, 1, "call"), id, ...)
end, "funcs.call")

funcs.async = public(function(id, ...)
  return async(plain, not_id(id, 1, "async"), id, ...)
end, "funcs.async", "first")

funcs.new = public(function()
  return object(executor_class, {})
end)

local function executor_of(value, name)
  return state(value, executor_class) or wrong(1, name, "executor", value)
end

-- A new executor: the old one's parts, one of them replaced.
local function with(self, part, value)
  return object(executor_class, replaced(self, part, value))
end

function executors.with_context(executor, values)
  local self = executor_of(executor, "with_context")
  if values == nil then
    return invalid("values are missing")
  elseif type(values) ~= "table" then
    wrong(2, "with_context", "table", values)
  end
  local layer, err = with_values(self.context, values, "funcs.context")
  if not layer then
    return nil, err
  end
  return with(self, "context", layer)
end

-- Nil, as from a process without an actor, raises: a call with the actor of this process is
-- not what was meant.
kept.add_identities(executors, executor_of, with, "funcs.security", true)

function executors.with_options(executor, options)
  local self = executor_of(executor, "with_options")
  if options == nil then
    return invalid("options are missing")
  elseif type(options) ~= "table" then
    wrong(2, "with_options", "table", options)
  end
  local timeout = options.timeout
  if timeout ~= nil then
    local span, err = nanoseconds(timeout, "timeout")
    if not span then
      return nil, err
    elseif span == 0 then
      return invalid("timeout is zero; leave it out to wait for ever")
    end
    timeout = span
  end
  return with(self, "timeout", timeout)
end

function executors.call(executor, id, ...)
  local self = executor_of(executor, "call")
  return call(self, not_id(id, 2, "call"), id, ...)
end

function executors.async(executor, id, ...)
  local self = executor_of(executor, "async")
  return async(self, not_id(id, 2, "async"), id, ...)
end

local function future_of(value, name)
  return state(value, future_class) or wrong(1, name, "future", value)
end

function futures.response(future)
  return future_of(future, "response").channel
end

futures.channel = function(future)
  return future_of(future, "channel").channel
end

function futures.is_complete(future)
  return future_of(future, "is_complete").done == true
end

function futures.is_canceled(future)
  return future_of(future, "is_canceled").canceled == true
end

function futures.result(future)
  local self = future_of(future, "result")
  if self.err then
    return nil, self.err
  end
  return self.value, nil
end

function futures.error(future)
  local self = future_of(future, "error")
  if self.err then
    return self.err, true
  end
  return nil, false
end

local cancels = 0

function futures.cancel(future)
  local self = future_of(future, "cancel")
  self.canceled = true
  if self.done then
    return true
  end
  local outcome = self.outcome
  complete(self, nil, new_error { kind = CANCELED, retryable = false, message = "the call was canceled" })
  if outcome then
    abandon(outcome)
    cancels = cancels + 1
    if cancels == CANCELS then
      cancels = 0
      sleep(0)
    end
  end
  return true
end

-- Calls whose discarded errors are told.
local TOLD = { call = "executor:call", async = "executor:async" }
for _, methods in next, { executors, futures } do
  for name, f in next, methods do
    methods[name] = public(f, TOLD[name], name == "async" and "first" or nil)
  end
end
