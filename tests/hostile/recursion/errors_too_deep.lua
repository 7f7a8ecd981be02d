-- tries: end with an error whose details nest deeper than anybody reads
-- end: failed Invalid
-- says: nested deeper than 100 levels, which cannot leave its process; the error was: outermost
local err = errors.new { message = "leaf" }
for _ = 1, 20000 do err = errors.new { message = "m", details = { err } } end
return nil, errors.new { message = "outermost", kind = errors.CONFLICT, details = { err } }
