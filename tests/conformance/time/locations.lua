-- Locations: zones of the world, fixed ones, and the same moment in several.
-- shows: T-19, T-20, T-21, T-22
local new_york = assert(time.load_location("America/New_York"))
assert(tostring(new_york) == "America/New_York" and new_york:string() == "America/New_York")
assert(new_york == time.load_location("America/New_York") and new_york ~= time.utc)
assert(time.load_location("UTC") == time.utc and time.load_location("Local") == time.localtz)
local _, err = time.load_location("")
assert(errors.is(err, errors.INVALID))
_, err = time.load_location("Mars/Olympus")
assert(errors.is(err, errors.NOT_FOUND) and err:find("not found"), tostring(err))

local t = time.unix(1720000000)
local there = t:in_location(new_york)
assert(there:rfc3339() == "2024-07-03T05:46:40-04:00" and there:format("MST") == "EDT", there:rfc3339())
assert(there == t and not there:before(t) and not there:after(t) and there:equal(t) and there:unix() == t:unix())
assert(there:location() == new_york and there:hour() == 5 and there:day() == 3)
assert(there:utc():location() == time.utc and there:in_local():location() == time.localtz)
assert(there:add("1h"):location() == new_york and there:add_date(0, 6, 0):format("MST") == "EST")
assert(there:format("%H:%M %Z") == "05:46 EDT")

-- Winter and summer, the hour that there is twice, and the one that there is not.
local function at(...)
  return time.date(2024, ...):utc():rfc3339()
end
assert(at(1, 15, 12, 0, 0, 0, new_york) == "2024-01-15T17:00:00Z")
assert(at(7, 15, 12, 0, 0, 0, new_york) == "2024-07-15T16:00:00Z")
assert(at(3, 10, 1, 59, 59, 0, new_york) == "2024-03-10T06:59:59Z")
assert(at(3, 10, 3, 0, 0, 0, new_york) == "2024-03-10T07:00:00Z")
assert(at(11, 3, 0, 59, 59, 0, new_york) == "2024-11-03T04:59:59Z")
assert(at(11, 3, 2, 0, 0, 0, new_york) == "2024-11-03T07:00:00Z")
local twice, never = at(11, 3, 1, 30, 0, 0, new_york), at(3, 10, 2, 30, 0, 0, new_york)
assert(twice == "2024-11-03T05:30:00Z" or twice == "2024-11-03T06:30:00Z", twice)
assert(never == "2024-03-10T06:30:00Z" or never == "2024-03-10T07:30:00Z", never)

-- A text's offset or abbreviation that the zone has at that time keeps the zone.
local function read(layout, text)
  return assert(time.parse(layout, text, new_york))
end
local layout = "2006-01-02 15:04 -0700"
assert(read(layout, "2024-07-01 12:00 -0400"):location() == new_york)
assert(read(layout, "2024-07-01 12:00 -0500"):location() ~= new_york)
layout = "2006-01-02 15:04 MST"
assert(read(layout, "2024-07-01 12:00 EDT"):rfc3339() == "2024-07-01T12:00:00-04:00")
assert(read(layout, "2024-12-01 12:00 EST"):location() == new_york)
assert(read(layout, "2024-12-01 12:00 CET"):rfc3339() == "2024-12-01T12:00:00Z")

local zone = time.fixed_zone("IST", 19800)
assert(t:in_location(zone):rfc3339() == "2024-07-03T15:16:40+05:30" and tostring(zone) == "IST")
assert(zone == time.fixed_zone("IST", 19800) and zone ~= time.fixed_zone("IST", 3600) and zone ~= new_york)
assert(select(2, time.fixed_zone("far", 1 << 40)):kind() == errors.INVALID)

-- Neither a time nor a location can leave its process.
for value, what in pairs { [t] = "a time", [zone] = "a location" } do
  local ok, refused = process.send(process.pid(), "t", value)
  assert(ok == nil and refused:find(what .. " cannot leave its process"), tostring(refused))
end

-- Many formats ask the runtime once for each part of the year.
local began = time.now()
for n = 1, 20000 do
  there:add(n):format(time.RFC3339)
end
assert(time.now():sub(began):seconds() < 20)
