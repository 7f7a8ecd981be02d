-- The runtime's own errors say whether trying again makes sense; those of programs need not.
-- shows: R-9
local function retryable(expected, kind, value, err)
  assert(value == nil and errors.is(err, kind), err)
  assert(err:retryable() == expected, tostring(err))
end
retryable(false, errors.NOT_FOUND, process.send("nobody", "t"))
retryable(false, errors.NOT_FOUND, process.spawn("app:nothing", "app:processes"))
retryable(false, errors.NOT_FOUND, process.registry.lookup("nobody"))
retryable(false, errors.NOT_FOUND, ctx.get("nothing"))
retryable(false, errors.INVALID, process.send(process.pid(), "t", print))
retryable(false, errors.INVALID, process.send(process.pid(), "@t"))
retryable(false, errors.INVALID, channel.new(-1))
retryable(false, errors.INVALID, errors.new())
retryable(false, errors.INVALID, process.with_context { [1] = 1 })
retryable(false, errors.INVALID, logger:named(""))
retryable(false, errors.INVALID, time.parse_duration("soon"))
retryable(false, errors.ALREADY_EXISTS, (function()
  process.registry.register("taken")
  local _, err = process.with_context {}:with_name("taken"):spawn("app:retryable_is_known", "app:processes")
  return nil, err
end)())

local sent, full = 0
repeat
  local ok, err = process.send(process.pid(), "t", ("x"):rep(100000))
  sent, full = sent + 1, err
until not ok
assert(errors.is(full, errors.RATE_LIMITED) and full:retryable() == true, full)
assert(errors.new("mine"):retryable() == nil and errors.new { message = "m", kind = errors.TIMEOUT }:retryable() == nil)
