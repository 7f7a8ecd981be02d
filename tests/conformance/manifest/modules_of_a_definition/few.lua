local function refused(name)
  local ok, err = pcall(require, name)
  return not ok and err:find("the library '" .. name .. "' is not among the modules of this definition", 1, true)
end

return function()
  assert(time == require("time") and time.now())
  for _, name in ipairs { "json", "logger", "funcs", "crypto", "server", "lfs", "test" } do
    assert(_G[name] == nil and refused(name), name)
  end
  -- A module that comes with warren has what it needs.
  local task = require("task")
  local value, err = task.await(task.async(function() return 7 end))
  assert(value == 7, err)
  value, err = task.await(task.async(function() time.sleep("1h") end), "1ms")
  assert(value == nil and errors.is(err, errors.TIMEOUT), tostring(err))
  -- The program's own files are there in any case.
  assert(require("logger_of_ours") == "ours")
  return "time, task"
end
