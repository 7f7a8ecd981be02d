-- tries: make the runtime work for records that nobody takes, and for places and fields that cannot be written
-- end: returned
-- options: --log warn
-- forges: ERROR
local bomb = {}
for n = 1, 100000 do bomb[n] = { n } end
for _ = 1, 100000 do
  assert(logger:debug("quiet", bomb))
end
local deep = {}
for _ = 1, 100000 do deep = { deep } end
local odd = setmetatable({}, { __tostring = function() error("no text") end })
assert(logger:warn("deep", deep))
assert(not pcall(logger.warn, "odd", { f = odd, g = setmetatable({}, { __index = error }) }) or true)
assert(logger:warn("long", errors.new(("x"):rep(1000000))))
assert(logger:warn("forged", { location = "app:other:1\nERROR forged", error = "x\nERROR forged" }))
local named = "=" .. ("n"):rep(100000) .. "\nERROR forged"
assert(load('return logger:warn("named")', named)())
