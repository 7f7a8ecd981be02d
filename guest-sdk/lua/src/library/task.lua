-- task: work that goes on beside, and is awaited, Elixir's Task.
--
-- A task is a function of this process, run as a coroutine, or a definition, run as a process
-- of its own. Its failure is an error of the one who awaits it.

local native = ...
local begin, abandon, first, check_timeout = native.begin, native.abandon, native.first, native.check_timeout
local told = native.told
local errors, logger, time = errors, logger, time
local call_stack = errors.call_stack
local new_channel, run_beside = channel.new, coroutine.spawn
local type, xpcall, tostring, next, math_type = type, xpcall, tostring, next, math.type
local setmetatable, getmetatable = setmetatable, getmetatable
local failures = require("warren.server.failures")
local bad_argument, failure = failures.bad_argument, failures.failure
local unknown_key = require("warren.server.options").unknown_key

local TIMEOUT = 5000
local WORK <const> = { definition = true, host = true }

local task = {}

local class = { __name = "task" }
class.__index = class

-- Returns true for a task; nil and an error for nil. Raises for anything else.
local function check(name, t)
  if t == nil then
    local why = "task is missing: argument 1 is nil, as after a task.async whose error was ignored"
    return nil, failure(errors.INVALID, why)
  elseif getmetatable(t) ~= class then
    bad_argument(1, name, "task", t)
  end
  return true
end

-- A failure that nobody has heard of is not silent.
function class:__gc()
  if self.done and self.err and not self.heard then
    logger:warn("task failed, and nobody awaited it", { error = self.err })
  end
end

-- Settles a task, unless it is.
local function settle(t, value, err)
  if not t.done then
    t.done, t.value, t.err = true, value, err
    t.outcome:close()
  end
end

local function run(t, f, ...)
  local returned, value, err = xpcall(f, failures.structured, ...)
  if not returned then
    value, err = nil, value
  elseif value ~= nil then
    err = nil
  end
  settle(t, value, err)
end

-- Waits for the end of a task's process.
local function follow(t)
  local outcome = t.process:receive()
  if outcome then
    abandon(t.process)
    settle(t, outcome.value, outcome.cause)
  end
end

-- Begins a task: a function, or a definition, with arguments. A table { definition =, host = }
-- names the host, too. Returns the task, or nil and an error.
function task.async(work, ...)
  if work == nil then
    return nil, failure(errors.INVALID, "work is missing")
  end
  local t = setmetatable({ outcome = new_channel(), done = false }, class)
  if type(work) == "function" then
    run_beside(run, t, work, ...)
    return t
  end
  local definition, host = work, nil
  if type(work) == "table" then
    local why = unknown_key(work, WORK, "work")
    if why then
      return nil, failure(errors.INVALID, why)
    end
    definition, host = work.definition, work.host
    if host ~= nil and type(host) ~= "string" then
      return nil, failure(errors.INVALID, "work.host is text, not " .. tostring(host))
    end
  end
  if type(definition) ~= "string" then
    bad_argument(1, "async", "function or definition", work)
  end
  local err
  t.process, err = begin(definition, host, ...)
  if not t.process then
    return nil, err
  end
  run_beside(follow, t)
  return t
end

-- Ends a task. Its process is terminated; a function goes on, and its result is dropped.
-- Returns true, or false for a task that is done.
function task.cancel(t)
  local is_task, missing = check("cancel", t)
  if not is_task then
    return nil, missing
  elseif t.done then
    return false
  end
  t.heard = true
  settle(t, nil, failure(errors.CANCELED, "task canceled"))
  if t.process then
    abandon(t.process)
  end
  return true
end

-- Returns a timeout as a duration that `time` takes: a bare number is of milliseconds.
local function span(timeout)
  if type(timeout) == "number" then
    return timeout * time.MILLISECOND // 1
  end
  return timeout
end

local function timed_out(what, timeout)
  return failure(errors.TIMEOUT, what .. " within " .. tostring(time.parse_duration(span(timeout))))
end

-- Waits for a task. Returns its value, or nil and its error. A task that is not done in time
-- is canceled.
function task.await(t, timeout)
  local is_task, missing = check("await", t)
  if not is_task then
    return nil, missing
  end
  timeout = timeout or TIMEOUT
  local _, err
  if not t.done then
    _, err = first(timeout, t.outcome)
    if err and not t.done then
      return nil, err
    end
  end
  if not t.done then
    task.cancel(t)
    return nil, timed_out("task not done", timeout)
  end
  t.heard = true
  if t.err ~= nil then
    return nil, t.err
  end
  return t.value
end

-- Returns the number of tasks in a list: its greatest index. Or nil and the error of a task
-- that could not be started: where `async` returned nil, or nil and an error, into the list.
local function count_of(list, name)
  if list == nil then
    return nil, failure(errors.INVALID, "list is missing")
  elseif type(list) ~= "table" then
    bad_argument(1, name, "list of tasks", list)
  end
  local count, tasks, failed = 0, 0, nil
  for place, t in next, list do
    if math_type(place) == "integer" and place > 0 then
      count = place > count and place or count
      if getmetatable(t) == class then
        tasks = tasks + 1
      elseif not call_stack(t) then
        bad_argument(1, name, "list of tasks", t)
      elseif not failed or place < failed then
        failed = place
      end
    end
  end
  if failed then
    return nil, list[failed]
  elseif tasks == count then
    return count
  end
  local missing = 1
  while list[missing] do
    missing = missing + 1
  end
  local message = "task %d of %d is nil; look at the error of task.async"
  return nil, failure(errors.INVALID, message:format(missing, count))
end

-- Returns the channel that ends a wait for tasks; or nil and an error.
local function deadline_for(timeout)
  local may_wait, err = check_timeout(timeout)
  if not may_wait then
    return nil, err
  end
  return time.after(span(timeout))
end

-- Cancels the tasks of a list that are not done; all of them are heard of.
local function cancel_all(list)
  for _, t in next, list or {} do
    if getmetatable(t) == class then
      t.heard = true
      task.cancel(t)
    end
  end
end

-- Waits for tasks, until one deadline for all. Returns the list of their values, or nil and
-- the first error in the order of the list. The others are then canceled, and so are tasks
-- that are not done in time.
function task.await_many(list, timeout)
  timeout = timeout or TIMEOUT
  local count, err = count_of(list, "await_many")
  if not count then
    cancel_all(list)
    return nil, err
  end
  local deadline
  deadline, err = deadline_for(timeout)
  if not deadline then
    return nil, err
  end
  local values = { n = count }
  for place = 1, count do
    local t = list[place]
    if not t.done then
      first(nil, t.outcome, deadline)
    end
    err = t.err
    if err == nil and not t.done then
      err = timed_out("task " .. place .. " of " .. count .. " not done", timeout)
    end
    if err ~= nil then
      break
    end
    values[place] = t.value
  end
  cancel_all(list)
  if err ~= nil then
    return nil, err
  end
  return values
end

-- Waits for tasks, until one deadline for all. Returns, in the order of the list,
-- { task =, done =, value =, error = } of each. Those that are not done go on.
function task.yield_many(list, timeout)
  local count, err = count_of(list, "yield_many")
  if not count then
    return nil, err
  end
  local deadline
  deadline, err = deadline_for(timeout or TIMEOUT)
  if not deadline then
    return nil, err
  end
  local results = {}
  for place = 1, count do
    local t = list[place]
    if not t.done then
      first(nil, t.outcome, deadline)
    end
    t.heard = t.heard or t.done
    results[place] = { task = t, done = t.done, value = t.value, error = t.err }
  end
  return results
end

-- Waits for one task, as `yield_many` does. Returns its result.
function task.yield(t, timeout)
  local is_task, missing = check("yield", t)
  if not is_task then
    return nil, missing
  end
  local results, err = task.yield_many({ t }, timeout)
  if not results then
    return nil, err
  end
  return results[1]
end

for _, name in ipairs { "async", "await", "await_many", "yield", "yield_many", "cancel" } do
  task[name] = told(task[name], "task." .. name)
end

return task
