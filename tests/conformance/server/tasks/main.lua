-- Tasks of functions and of definitions.
-- shows: SV-10
local task = require("task")

local function double(n)
  time.sleep(5 * time.MILLISECOND)
  return 2 * n
end

-- Values, twice the same.
local one = task.async(double, 4)
assert(task.await(one) == 8 and task.await(one) == 8)
assert(task.await(assert(task.async("app:work", "give", 7))) == 7)

-- Failures.
local value, err = task.await(task.async(function() error("raised") end))
assert(value == nil and tostring(err):find("main.lua:16: raised"), err)
value, err = task.await(assert(task.async("app:work", "fail", 3)))
assert(value == nil and err:kind() == errors.CONFLICT and err:details().value == 3, err)
value, err = task.async("app:nothing")
assert(value == nil and err:kind() == errors.NOT_FOUND)
assert(not pcall(task.async, 5) and not pcall(task.await, {}))

-- Many, with one deadline.
local list = {}
for i = 1, 20 do
  list[i] = i % 2 == 0 and task.async(double, i) or assert(task.async("app:work", "give", 2 * i))
end
local values = assert(task.await_many(list))
assert(values.n == 20)
for i = 1, 20 do
  assert(values[i] == 2 * i)
end

-- A task that is not done in time is canceled, and its process ends.
local function hang()
  local hanging = assert(task.async("app:work", "hang"))
  while not process.registry.lookup("hanging") do
    time.sleep(time.MILLISECOND)
  end
  return hanging
end
local function gone()
  while process.registry.lookup("hanging") do
    time.sleep(time.MILLISECOND)
  end
end
-- The first one may take longer than that, too.
local within = 50
repeat
  value, err = task.await_many({ task.async(double, 1), hang() }, within)
  assert(value == nil and err:kind() == errors.TIMEOUT, err)
  assert(err:message():find("^task [12] of 2 not done within [%d.]+m?s$"), err)
  gone()
  within = 2 * within
until err:message():find("task 2", 1, true)
value, err = task.await(hang(), 20)
assert(value == nil and err:kind() == errors.TIMEOUT, err)
gone()

-- yield lets go on what is not done.
local hanging, quick = hang(), task.async(double, 3)
local results
repeat results = task.yield_many({ quick, hanging }, 50) until results[1].done
assert(results[1].value == 6 and results[1].error == nil)
assert(not results[2].done and results[2].task == hanging)
assert(process.registry.lookup("hanging"))
assert(task.yield(hanging, 1).done == false)
assert(task.cancel(hanging) and not task.cancel(hanging))
gone()
value, err = task.await(hanging)
assert(value == nil and err:kind() == errors.CANCELED and err:retryable() == false)

-- A negative timeout is a mistake, and cancels nothing.
local waits = task.async(double, 2)
value, err = task.await(waits, "-5ms")
assert(value == nil and err:kind() == errors.INVALID, err)
assert(task.await(waits) == 4)
