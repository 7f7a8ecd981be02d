-- `logger:info("x")` and `logger.info("x")` write the same record, with the place of the call.
-- shows: G-3, G-4, G-7
-- stderr: with a colon
-- stderr: with a point
-- stderr: app:loggers_are_called_both_ways:11
-- stderr: shop.stock
-- stderr: by a copy
-- stderr: app:loggers_are_called_both_ways
-- stderr: 9007
assert(logger:info("with a colon", { n = 9007 }))
assert(logger.info("with a point"))
local log = logger:named("shop"):named("stock"):with { region = "eu" }
assert(log:warn("made") and logger.with({ n = 1 }):error("bad") and logger.named("x"):debug("quiet"))
local copy = {}
for name, value in pairs(logger) do
  copy[name] = value
end
assert(copy:info("by a copy"))
local value, err = logger:info()
assert(value == nil and errors.is(err, errors.INVALID))
assert(not pcall(logger.info, logger, "x", 5))
