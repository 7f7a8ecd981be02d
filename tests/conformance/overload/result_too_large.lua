-- A result of more than max_message bytes becomes an error, and an error of as many
-- keeps its kind and its beginning.
-- shows: Q-9, E-4

local me, host = process.id():match("[^#]+"), "app:processes"

local ends = {
  returned = function() return ("x"):rep(2 << 20) end,
  raised = function() error(("e"):rep(2000000), 0) end,
  structured = function()
    error(errors.new { kind = errors.TIMEOUT, message = ("e"):rep(2000000), retryable = true })
  end,
}

return function(how)
  if how then
    return ends[how]()
  end
  local value, err = process.exec(me, host, "returned")
  assert(value == nil and err:message():find("result too large", 1, true), err)
  assert(err:kind() == errors.INVALID)
  for how, kind in pairs { raised = errors.INTERNAL, structured = errors.TIMEOUT } do
    local value, err = process.exec(me, host, how)
    assert(value == nil and err:kind() == kind, err)
    local text, rest = err:message():match("^.-(e+)%.%.%. (.+)$")
    assert(#text == 1000 and rest:find("max_message", 1, true), err)
    assert(how ~= "structured" or err:retryable())
  end
end
