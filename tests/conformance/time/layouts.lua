-- A layout shows the time of reference; every element is written and read.
-- shows: T-7, T-17
local reference = time.date(2006, 1, 2, 15, 4, 5, 0, time.fixed_zone("MST", -7 * 3600))
local t = time.date(2009, 2, 5, 5, 0, 57, 12345600, time.fixed_zone("XST", 28800 - 1))
for layout, expected in pairs {
  ["2006 06"] = "2009 09", ["January Jan 01 1"] = "February Feb 02 2", ["02 _2 2 002 __2"] = "05  5 5 036  36",
  ["Monday Mon"] = "Thursday Thu", ["15 03 3 04 4 05 5"] = "05 05 5 00 0 57 57", ["PM pm"] = "AM am",
  [".000 ,00000000 .999 ,999999999"] = ".012 ,01234560 .012 ,0123456",
  ["MST -0700 -07:00 -07"] = "XST +0759 +07:59 +07", ["-070000 -07:00:00"] = "+075959 +07:59:59",
  ["Z0700 Z07:00 Z07 Z070000 Z07:00:00"] = "+0759 +07:59 +07 +075959 +07:59:59",
  ["Monthly, am Ende: Zug"] = "Monthly, am Ende: Zug", ["20060102150405"] = "20090205050057", [""] = "",
} do
  assert(t:format(layout) == expected, layout .. ": " .. t:format(layout))
end
assert(time.unix(0):utc():format("Z07:00 Z0700 Z07 -07:00 MST") == "Z Z Z +00:00 UTC")
assert(time.unix(0):format("5.999") == "0")

for _, name in ipairs {
  "DATE_TIME", "DATE_ONLY", "TIME_ONLY", "KITCHEN", "RFC822", "RFC850", "RFC1123", "RFC822Z", "RFC1123Z",
} do
  assert(reference:format(time[name]) == time[name], name)
end
assert(reference:format(time.RFC3339) == "2006-01-02T15:04:05-07:00")
assert(reference:format(time.STAMP_MICRO) == "Jan  2 15:04:05.000000")
assert(t:format_rfc3339() == t:format(time.RFC3339) and t:rfc3339() == t:format(time.RFC3339NANO))
assert(tostring(t) == t:rfc3339())

-- Each named layout reads what it writes, as far as it says it.
for _, name in ipairs { "RFC3339", "RFC3339NANO", "RFC1123", "RFC1123Z", "RFC850", "RFC822", "RFC822Z", "DATE_TIME" } do
  local text = reference:format(time[name])
  assert(assert(time.parse(time[name], text)):format(time[name]) == text, name)
end

-- With a `%` the letters of `os.date` are meant, those of the zone too.
assert(t:format("%Y/%m/%d %H:%M:%S %z %Z") == "2009/02/05 05:00:57 +0759 XST")
assert(t:format("%%z 100%%") == "%z 100%")
