-- Nobody links or monitors itself.
-- shows: L-10

for _, call in ipairs { process.link, process.monitor } do
  local value, err = call(process.pid())
  assert(value == nil and errors.is(err, errors.INVALID), err)
end
process.registry.register("me")
local value, err = process.monitor("me")
assert(value == nil and errors.is(err, errors.INVALID), err)
