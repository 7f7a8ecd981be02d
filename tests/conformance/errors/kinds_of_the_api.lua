-- Each failure of the process API has its kind.
-- shows: C-1, C-3, K-6, S-7, L-11
local function kind(expected, value, err)
  assert(value == nil and errors.is(err, expected), ("%s expected, got %s"):format(expected, err and err:kind()))
end
kind(errors.NOT_FOUND, process.spawn("app:nothing_of_the_kind", "app:processes"))
kind(errors.NOT_FOUND, process.spawn("other:main", "app:processes"))
kind(errors.NOT_FOUND, process.spawn("not an id", "app:processes"))
kind(errors.NOT_FOUND, process.spawn("app:kinds_of_the_api", "app:nowhere"))
kind(errors.INVALID, process.spawn())
kind(errors.INVALID, process.spawn("app:kinds_of_the_api", ""))
kind(errors.NOT_FOUND, process.terminate("nobody"))
kind(errors.NOT_FOUND, process.monitor("nobody"))
kind(errors.NOT_FOUND, process.link("nobody"))
kind(errors.INVALID, process.terminate())
kind(errors.INVALID, process.send("{broken", "t"))
kind(errors.INVALID, process.send("", "t"))
assert(not pcall(process.spawn, {}, "app:processes"))
