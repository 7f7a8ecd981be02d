-- `wrap` adds a context and keeps kind, retryable and details.
-- shows: R-4, R-5
local inner = errors.new { message = "busy", kind = errors.UNAVAILABLE, retryable = true, details = { n = 1 } }
local outer = errors.wrap(inner, "reading stock")
assert(tostring(outer) == "reading stock: busy" and outer:message() == "busy")
assert(outer:kind() == errors.UNAVAILABLE and outer:retryable() == true and outer:details().n == 1)
assert(errors.is(outer, errors.UNAVAILABLE) and not errors.is(outer, errors.TIMEOUT))
assert(inner:message() == "busy", "the inner one stays as it was")
assert(errors.is("text", errors.UNAVAILABLE) == false and errors.is(nil, errors.UNAVAILABLE) == false)
local text = errors.wrap("text", "context")
assert(tostring(text) == "context: text" and text:message() == "text" and text:retryable() == nil)
assert(tostring(errors.wrap("text", outer)) == "busy: text", "an error as context gives its message")
