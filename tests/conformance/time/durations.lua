-- Durations: Go-style text or a number of nanoseconds; arithmetic, comparison,
-- text.
-- shows: C-17, C-18, C-19, T-5, T-9, T-10
local d = time.parse_duration("1m30s")
assert(d:nanoseconds() == 90000000000 and d:microseconds() == 90000000 and d:milliseconds() == 90000)
assert(math.type(d:milliseconds()) == "integer" and math.type(d:seconds()) == "float")
assert(d:seconds() == 90.0 and d:minutes() == 1.5 and d:hours() == 0.025)

for text, ns in pairs {
  ["0"] = 0, ["250ms"] = 250000000, ["5s"] = 5000000000, ["1.5h"] = 5400000000000,
  ["1h2m3s4ms5us6ns"] = 3723004005006, ["-2s"] = -2000000000, [".5s"] = 500000000, ["1us"] = 1000,
  ["1µs"] = 1000, ["1μs"] = 1000, ["+3s"] = 3000000000, ["-1.5h"] = -5400000000000, ["-0"] = 0,
} do
  assert(time.parse_duration(text):nanoseconds() == ns, text)
end
assert(time.parse_duration(1500):nanoseconds() == 1500, "a number is nanoseconds")
for _, bad in ipairs { "", "5", "s", "5 s", "1x", "1h-2m", "abc", "99999999999h" } do
  local value, err = time.parse_duration(bad)
  assert(value == nil and errors.is(err, errors.INVALID), bad)
end
local value, err = time.parse_duration(0 / 0)
assert(value == nil and errors.is(err, errors.INVALID))

local s, ms = time.parse_duration("1s"), time.parse_duration("1ms")
assert((s + ms):milliseconds() == 1001 and (s - ms):milliseconds() == 999)
assert((s * 2):seconds() == 2.0 and (2 * s):seconds() == 2.0 and (s / 4):milliseconds() == 250)
assert(ms < s and not (s < ms) and ms <= s and s == time.parse_duration("1000ms") and s ~= ms)
assert(tostring(time.parse_duration("90m")) == "1h30m0s")
assert(tostring(ms) == "1ms" and tostring(time.parse_duration("1.5s")) == "1.5s")

-- A Duration stands wherever a duration is expected.
assert(time.parse_duration(s) == s and time.sleep(ms) == true and time.after(ms):receive())
assert(time.unix(0):add(s) == time.unix(1) and time.unix(5, 1):truncate(s) == time.unix(5))
assert(time.timer(s):reset(ms) and process.cancel(process.pid(), s))
