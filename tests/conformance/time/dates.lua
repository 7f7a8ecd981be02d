-- Parts out of range are carried over; a time stays within its years.
-- shows: T-20, T-22
local function is(t, expected)
  assert(t:rfc3339() == expected, t:rfc3339())
end
is(time.date(2024, time.FEBRUARY, 29), "2024-02-29T00:00:00Z")
is(time.date(2024, 2, 29, 12, 30, 45, 500), "2024-02-29T12:30:45.0000005Z")
is(time.date(2024, 13, 1), "2025-01-01T00:00:00Z")
is(time.date(2024, 0, 1), "2023-12-01T00:00:00Z")
is(time.date(2023, 4, 31), "2023-05-01T00:00:00Z")
is(time.date(2024, 3, 0), "2024-02-29T00:00:00Z")
is(time.date(2024, 3, 1, -1), "2024-02-29T23:00:00Z")
is(time.date(2024, 1, 1, 0, 0, -1, -1), "2023-12-31T23:59:58.999999999Z")
is(time.date(2024, 1, 1, 24, 60, 60, 1000000000), "2024-01-02T01:01:01Z")
is(time.date(2024, 7, 1, 0, 0, 0, 0, time.fixed_zone("IST", 19800)), "2024-07-01T00:00:00+05:30")

local t = time.date(2024, 1, 31, 10, 0, 0)
is(t:add_date(0, 1, 0), "2024-03-02T10:00:00Z")
is(t:add_date(1, -1, -30), "2024-12-01T10:00:00Z")
is(t:add_date(-1, 0, 0), "2023-01-31T10:00:00Z")
is(time.date(2024, 2, 29):add_date(1, 0, 0), "2025-03-01T00:00:00Z")

local y, mo, d = time.date(2024, 2, 29, 12, 30, 45):date()
assert(y == 2024 and mo == 2 and d == 29)
local h, mi, s = time.date(2024, 2, 29, 12, 30, 45):clock()
assert(h == 12 and mi == 30 and s == 45)
t = time.date(2024, 12, 31, 23, 59, 58, 7)
assert(t:year() == 2024 and t:month() == 12 and t:day() == 31 and t:hour() == 23 and t:minute() == 59)
assert(t:second() == 58 and t:nanosecond() == 7 and t:weekday() == time.TUESDAY and t:year_day() == 366)
assert(math.type(t:year()) == "integer" and math.type(t:weekday()) == "integer")

for _, far in ipairs {
  table.pack(time.date(10000, 1, 1)), table.pack(time.date(math.maxinteger, 1, 1)),
  table.pack(time.date(2024, 1, math.mininteger, math.maxinteger)), table.pack(time.unix(1 << 40)),
  table.pack(time.date(9999, 12, 31):add_date(0, 0, 1)), table.pack(time.date(9999, 12, 31):add("24h")),
  table.pack(time.unix(math.maxinteger, math.maxinteger)),
} do
  assert(far[1] == nil and errors.is(far[2], errors.INVALID))
end
assert(time.unix(1, 2500000000):unix_nano() == 3500000000)
is(time.unix(0, -1), "1969-12-31T23:59:59.999999999Z")
is(time.unix(-62135596800), "0001-01-01T00:00:00Z")
is(time.date(9999, 12, 31, 23, 59, 59), "9999-12-31T23:59:59Z")
-- Outside the years 1678 to 2262 the nanoseconds wrap.
assert(time.unix(1 << 34, 1):unix_nano() == (1 << 34) * 1000000000 + 1)
