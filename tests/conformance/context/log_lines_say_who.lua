-- A line of the log has PID, frame, name and fields.
-- shows: G-3, G-4, P-3
-- stderr: the third
-- stderr: {app:processes|0x00001}
-- stderr: app:log_lines_say_who#1
-- stderr: region
-- stderr: shop

local log = logger:named("shop")
local regional = log:with { region = "eu" }
assert(log ~= regional)
assert(logger.warn("the first"))
assert(log:error("the second"))
assert(regional:warn("the third", { n = 1 }))
