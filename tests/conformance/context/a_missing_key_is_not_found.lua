-- A key that nobody has set is NOT_FOUND, and one without text INVALID.
-- shows: G-1
local value, err = ctx.get("missing")
assert(value == nil and errors.is(err, errors.NOT_FOUND) and err:retryable() == false)
assert(string.find(err, "not found") and string.find(err, "missing"))
value, err = ctx.get("")
assert(value == nil and errors.is(err, errors.INVALID))
value, err = ctx.get()
assert(value == nil and errors.is(err, errors.INVALID))
assert(next(ctx.all()) == nil and ctx.set == nil)
