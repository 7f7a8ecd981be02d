-- Units, months and weekdays, named layouts, and the two locations that need no name.
-- shows: T-16
for name, value in pairs {
  NANOSECOND = 1, MICROSECOND = 1000, MILLISECOND = 1000000, SECOND = 1000000000, MINUTE = 60000000000,
  HOUR = 3600000000000,
  JANUARY = 1, FEBRUARY = 2, MARCH = 3, APRIL = 4, MAY = 5, JUNE = 6, JULY = 7, AUGUST = 8, SEPTEMBER = 9,
  OCTOBER = 10, NOVEMBER = 11, DECEMBER = 12,
  SUNDAY = 0, MONDAY = 1, TUESDAY = 2, WEDNESDAY = 3, THURSDAY = 4, FRIDAY = 5, SATURDAY = 6,
} do
  assert(time[name] == value and math.type(time[name]) == "integer", name)
end
for name, layout in pairs {
  RFC3339 = "2006-01-02T15:04:05Z07:00", RFC3339NANO = "2006-01-02T15:04:05.999999999Z07:00",
  DATE_TIME = "2006-01-02 15:04:05", DATE_ONLY = "2006-01-02", TIME_ONLY = "15:04:05", KITCHEN = "3:04PM",
  RFC822 = "02 Jan 06 15:04 MST", RFC822Z = "02 Jan 06 15:04 -0700",
  RFC850 = "Monday, 02-Jan-06 15:04:05 MST",
  RFC1123 = "Mon, 02 Jan 2006 15:04:05 MST", RFC1123Z = "Mon, 02 Jan 2006 15:04:05 -0700",
  STAMP = "Jan _2 15:04:05", STAMP_MILLI = "Jan _2 15:04:05.000", STAMP_MICRO = "Jan _2 15:04:05.000000",
  STAMP_NANO = "Jan _2 15:04:05.000000000",
} do
  assert(time[name] == layout, name)
end
assert(tostring(time.utc) == "UTC" and time.utc == time.utc and time.localtz == time.localtz)
assert(time.nothing == nil and require("time") == time)

-- They stand for durations, and a copy of the library has them.
assert((5 * time.SECOND) == time.parse_duration("5s"):nanoseconds())
assert(time.sleep(2 * time.MILLISECOND))
local copy = {}
for name, value in pairs(time) do
  copy[name] = value
end
assert(copy.HOUR == time.HOUR and copy.utc == time.utc and copy.date and copy.sleep == time.sleep)
copy = {}
for name in pairs(time) do
  copy[name] = true
end
assert(copy.HOUR and copy.RFC850 and copy.now)
