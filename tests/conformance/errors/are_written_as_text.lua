-- JSON and the log have the text of an error.
-- shows: R-11, G-7
-- stderr: ctx: sold out
-- stderr: function: 
-- unsaid: an error
local err = errors.wrap(errors.new("sold out"), "ctx")
assert(json.encode { error = err } == '{"error":"ctx: sold out"}' and json.encode(err) == '"ctx: sold out"')
assert(logger:error("failed", { error = err, deep = { err, print, [err] = 1 } }))
local cyclic = {}
cyclic.self = cyclic
assert(logger:info("cyclic", cyclic))
