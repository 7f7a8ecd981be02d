-- env.get_all, and os.getenv, which reads what env.get does.

local native = ...
local public, wrong = native.public, native.bad_argument
local variable, names, can = native.variable, native.variable_names, native.can
local type, ipairs, tostring = type, ipairs, tostring

env.get_all = public(function()
  local known, err = names()
  if not known then
    return nil, err
  end
  local all = {}
  for _, name in ipairs(known) do
    -- Asked first, so that no denial is noted for the operator.
    if can("env.get", name) then
      all[name] = variable(name)
    end
  end
  return all
end)

os.getenv = public(function(...)
  local name = ...
  if type(name) == "number" then
    name = tostring(name)
  elseif type(name) ~= "string" then
    wrong(1, "os.getenv", "string", ...)
  end
  -- Only the value: why there is none is no result of Lua's function.
  return (variable(name))
end)
