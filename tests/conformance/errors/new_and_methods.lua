-- Structured errors: how they are made and read.
-- shows: R-1, R-2, R-3
local plain = errors.new("simple")
assert(plain:message() == "simple" and plain:kind() == errors.UNKNOWN and plain:kind() == "")
assert(plain:retryable() == nil and plain:details() == nil)

local full = errors.new { message = "no", kind = errors.NOT_FOUND, retryable = false, details = { id = 7 } }
assert(full:kind() == "NotFound" and full:retryable() == false and full:details().id == 7)

assert(errors.new { message = "x", kind = "Strange" }:kind() == "Strange", "any text is a kind")
assert(errors.new("x", "ignored"):kind() == "" and errors.new { message = "x", details = {} }:details() == nil)
full:details().id = 8
assert(full:details().id == 7, "each call gives a copy")

for field, bad in pairs { message = 1, kind = 2, retryable = "yes", details = 5 } do
  local ok, err = pcall(errors.new, { message = "x", [field] = bad })
  assert(not ok and tostring(err):find("bad field '" .. field .. "'", 1, true), err)
end
for _, bad in ipairs { "text", true, errors.new("inner"), print } do
  local ok, err = pcall(errors.new, { message = "x", details = bad })
  assert(not ok and tostring(err):find("bad field 'details' (table expected)", 1, true), err)
end
for _, bad in ipairs { { {} }, {} } do
  local value, err = errors.new(bad[1])
  assert(value == nil and errors.is(err, errors.INVALID))
end
for name, text in pairs {
  NOT_FOUND = "NotFound", ALREADY_EXISTS = "AlreadyExists", INVALID = "Invalid",
  PERMISSION_DENIED = "PermissionDenied", UNAVAILABLE = "Unavailable", INTERNAL = "Internal",
  CANCELED = "Canceled", CONFLICT = "Conflict", TIMEOUT = "Timeout", RATE_LIMITED = "RateLimited", UNKNOWN = "",
} do
  assert(errors[name] == text, name)
end
