-- A task fails whatever its function raises.
-- shows: SV-10

local task = require("task")

for _, raised in ipairs { {}, { 42 }, { false }, { { code = 1 } } } do
  local value, err = task.await(task.async(function() error(raised[1], 0) end))
  assert(value == nil and err:kind() == errors.INTERNAL, err)
  local results = task.yield_many { task.async(function() error(raised[1], 0) end) }
  assert(results[1].done and results[1].error)
  value, err = task.await_many { task.async(function() error(raised[1], 0) end) }
  assert(value == nil and err:kind() == errors.INTERNAL)
end
