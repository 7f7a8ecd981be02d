-- Times: parsing, formatting, arithmetic, comparison.
-- shows: T-6, T-7, T-8
local t = time.parse("2024-02-29T12:30:45.5Z")
assert(t:unix() == 1709209845 and t:unix_nano() == 1709209845500000000)
assert(t:rfc3339():find("^2024%-02%-29T12:30:45%.5"), t:rfc3339())
assert(t:format("%Y/%m/%d %H:%M:%S") == "2024/02/29 12:30:45")
assert(time.parse("2024-02-29T14:30:45.5+02:00") == t, "the same moment")
assert(time.parse(t:rfc3339()) == t)

local later = t:add("1h")
assert(later:sub(t):hours() == 1.0 and t:sub(later):seconds() == -3600.0)
assert(t:before(later) and later:after(t) and not t:equal(later) and t:equal(t:add(0)))
assert(t < later and t <= later and later > t and t ~= later and t == later:add("-1h"))

assert(time.unix(0):rfc3339():find("^1970%-01%-01T00:00:00"))
assert(time.unix(1, 500):unix_nano() == 1000000500)
for _, bad in ipairs { "", "yesterday", "2024-02-30T00:00:00Z", "2024-02-29", "2024-02-29T12:30:45" } do
  local value, err = time.parse(bad)
  assert(value == nil and errors.is(err, errors.INVALID), bad)
end

local before, now, after = os.time(), time.now(), os.time()
assert(before - 1 <= now:unix() and now:unix() <= after + 1)
assert(not time.now():before(now))
