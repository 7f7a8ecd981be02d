-- `time.parse` with parts that are there, and with parts that are not.
-- shows: T-6, T-17, T-18, T-19
local function reads(layout, text, expected, loc)
  local t, err = time.parse(layout, text, loc)
  assert(t, tostring(err))
  assert(t:rfc3339() == expected, text .. ": " .. t:rfc3339())
  return t
end
reads("2006-01-02", "2024-02-29", "2024-02-29T00:00:00Z")
reads("15:04", "14:30", "0000-01-01T14:30:00Z")
reads("Jan _2 2006", "feb  3 2010", "2010-02-03T00:00:00Z")
reads("January 2, 2006", "MARCH 13, 2010", "2010-03-13T00:00:00Z")
reads("06-1-2", "68-3-4", "2068-03-04T00:00:00Z")
reads("06-1-2", "69-3-4", "1969-03-04T00:00:00Z")
reads("2006 002", "2024 060", "2024-02-29T00:00:00Z")
reads("2006 __2", "2023  60", "2023-03-01T00:00:00Z")
reads("2006 3:04PM", "2024 12:05AM", "2024-01-01T00:05:00Z")
reads("2006 03:04:05pm", "2024 01:05:06pm", "2024-01-01T13:05:06Z")
reads("Mon 2006", "Fri 2024", "2024-01-01T00:00:00Z")
-- A fraction is read if the layout has one or not.
reads("2006 05", "2024 07.25", "2024-01-01T00:00:07.25Z")
reads("2006 05,000", "2024 07,250", "2024-01-01T00:00:07.25Z")
reads("2006 05.999", "2024 07", "2024-01-01T00:00:07Z")

for layout, texts in pairs {
  ["2006-01-02"] = { "2023-02-29", "2023-13-01", "2023-00-01", "2023-01-32", "2023-1-01", "2023-01-01 ", "2023-01", "", "x" },
  ["15:04:05"] = { "24:00:00", "23:60:00", "23:00:60", "1:2:3" },
  ["3PM"] = { "13PM", "1pm", "1" },
  ["2006 002"] = { "2023 366", "2023 000" },
  ["2006-01-02 002"] = { "2023-02-01 031" },
  ["-07:00"] = { "+0700", "Z", "+25:00", "07:00" },
  ["05.000"] = { "07.25" },
} do
  for _, text in ipairs(texts) do
    local t, err = time.parse(layout, text)
    assert(t == nil and errors.is(err, errors.INVALID), layout .. ": " .. text)
  end
end

-- The place: what the text says, else the location.
local berlin = time.fixed_zone("CET", 3600)
assert(reads("2006", "2024", "2024-01-01T00:00:00+01:00", berlin):location() == berlin)
assert(reads("2006 -0700", "2024 +0100", "2024-01-01T00:00:00+01:00", berlin):location() == berlin)
local other = reads("2006 -0700", "2024 +0530", "2024-01-01T00:00:00+05:30", berlin)
assert(tostring(other:location()) == "" and other:format("MST") == "+0530")
assert(reads("2006 MST", "2024 CET", "2024-01-01T00:00:00+01:00", berlin):location() == berlin)
assert(tostring(reads("2006 MST", "2024 XYZ", "2024-01-01T00:00:00Z", berlin):location()) == "XYZ")
assert(reads("2006 Z07:00", "2024 Z", "2024-01-01T00:00:00Z", berlin):location() == time.utc)
assert(reads("2006 MST", "2024 UTC", "2024-01-01T00:00:00Z", berlin):location() == time.utc)
reads("2006 MST", "2024 GMT+3", "2024-01-01T00:00:00+03:00")
-- A text alone is RFC 3339, shown in UTC.
assert(time.parse("2024-02-29T14:30:45.5+02:00"):location() == time.utc)
assert(select(2, time.parse("2024-02-29", nil)):kind() == errors.INVALID)
