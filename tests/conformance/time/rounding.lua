-- Multiples of a duration are counted from 1 January of the year 1.
-- shows: T-23
local t = time.parse("2024-02-29T12:30:45.5Z")
for d, expected in pairs {
  ["1s"] = { "2024-02-29T12:30:45Z", "2024-02-29T12:30:46Z" },
  ["1m"] = { "2024-02-29T12:30:00Z", "2024-02-29T12:31:00Z" },
  ["1h"] = { "2024-02-29T12:00:00Z", "2024-02-29T13:00:00Z" },
  ["24h"] = { "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z" },
  ["168h"] = { "2024-02-26T00:00:00Z", "2024-03-04T00:00:00Z" },
  ["0"] = { "2024-02-29T12:30:45.5Z", "2024-02-29T12:30:45.5Z" },
  ["-1h"] = { "2024-02-29T12:30:45.5Z", "2024-02-29T12:30:45.5Z" },
} do
  assert(t:truncate(d):rfc3339() == expected[1], d)
  assert(t:round(d):rfc3339() == expected[2], d)
end
assert(t:round(time.parse_duration("1s")) == t:round(time.SECOND))
assert(select(2, time.parse("9999-12-31T23:59:59.9Z"):round("1s")):kind() == errors.INVALID)
assert(time.date(1, 1, 1):is_zero() and not t:is_zero())
-- The location stays, and does not change what is counted.
local zone = time.fixed_zone("IST", 19800)
assert(t:in_location(zone):truncate("24h"):rfc3339() == "2024-02-29T05:30:00+05:30")
