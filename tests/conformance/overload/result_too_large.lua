-- A result of more than max_message bytes becomes an error.
-- shows: Q-9

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    return ("x"):rep(2 << 20)
  end
  local value, err = process.exec(me, host, "large")
  assert(value == nil and err:message():find("result too large", 1, true), err)
end
