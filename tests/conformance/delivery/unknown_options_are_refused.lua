-- The only option of `listen` is `message`, a boolean.
-- shows: C-2
local value, err = process.listen("t", { mesage = true })
assert(value == nil and errors.is(err, errors.INVALID))
value, err = process.listen("t", { message = "yes" })
assert(value == nil and errors.is(err, errors.INVALID))
-- Nothing was subscribed by it.
assert(process.listen("t", { message = true }))
