-- tries: raise an error whose details nest deeper than anybody reads
-- end: failed Conflict
-- says: outermost
local err = errors.new { message = "leaf" }
for _ = 1, 20000 do err = errors.new { message = "m", details = { err } } end
error(errors.new { message = "outermost", kind = errors.CONFLICT, details = { err } })
