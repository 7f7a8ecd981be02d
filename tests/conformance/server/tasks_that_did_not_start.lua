-- A task that could not be started is an error of those that await it with others, wherever
-- it stands in the list.
-- shows: SV-10

local task = require("task")

local function sleep()
  return task.async(time.sleep, "1h")
end

for _, many in ipairs { task.await_many, task.yield_many } do
  local one = sleep()
  local values, err = many { one, (task.async("app:nothing")), sleep() }
  assert(not values and err:kind() == errors.INVALID and err:find("task 2 of 3 is nil", 1, true), err)
  -- Both results of the start.
  values, err = many { one, task.async("app:nothing") }
  assert(not values and err:kind() == errors.NOT_FOUND, err)
  values, err = many { (task.async("app:nothing")), one }
  assert(not values and err:find("task 1 of 2 is nil", 1, true), err)
  local canceled
  canceled, err = task.await(one, 10)
  assert(canceled == nil and err:kind() == (many == task.await_many and errors.CANCELED or errors.TIMEOUT), err)
  assert(many({}) and not pcall(many, { 7 }) and not pcall(many, 7))
  values, err = many()
  assert(not values and err:message() == "list is missing")
end
