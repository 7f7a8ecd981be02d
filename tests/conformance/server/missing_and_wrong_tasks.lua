-- A missing task is an error value, and anything else that is no task raises: the error names
-- the function, the argument and the place of the call.
-- shows: C-2, C-3
local task = require("task")

for _, name in ipairs { "await", "yield", "cancel" } do
  local value, err = task[name](nil)
  assert(value == nil and err:kind() == errors.INVALID, err)
  assert(err:message() == "task is missing: argument 1 is nil, as after a task.async whose error was ignored")
  for _, wrong in ipairs { 7, "app:work", {}, print } do
    local raised
    raised, err = pcall(function()
      local _ = task[name](wrong)
    end)
    local expected = ("bad argument #1 to '%s' (task expected, got %s)"):format(name, type(wrong))
    assert(not raised and err:match("^[^:]+:%d+: (.*)$") == expected, err)
  end
end

local value, err = task.async(nil)
assert(value == nil and err:kind() == errors.INVALID and err:message() == "work is missing")
for _, name in ipairs { "await_many", "yield_many" } do
  local raised
  raised, err = pcall(function()
    local _ = task[name] { 7 }
  end)
  local expected = ("bad argument #1 to '%s' (list of tasks expected, got number)"):format(name)
  assert(not raised and err:match("^[^:]+:%d+: (.*)$") == expected, err)
end
