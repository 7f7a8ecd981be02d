-- Nothing is made of a record that nobody takes.
-- options: --log warn
-- shows: G-8
-- stderr: shown
local asked = 0
local field = setmetatable({}, { __tostring = function() asked = asked + 1 return "x" end })
local message = setmetatable({}, { __tostring = function() asked = asked + 1 return "shown" end })
for _ = 1, 1000 do
  assert(logger:debug(message, { f = coroutine.create(print), field = field }) == true)
  assert(logger.info(message, { large = ("x"):rep(100000), ["\xff"] = field }) == true)
end
assert(asked == 0, asked)
-- Wrong arguments are refused at each level.
assert(errors.is(select(2, logger:debug()), errors.INVALID))
assert(not pcall(logger.debug, "x", 7))
assert(logger:warn(message) == true)
assert(asked == 1, asked)
