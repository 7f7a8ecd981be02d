-- The zone of a granted TZ is the program's own.
-- options: --env TZ=Europe/Berlin
-- shows: T-22, T-24
assert(tostring(time.localtz) == "Europe/Berlin" and time.load_location("Local") == time.localtz)
assert(time.unix(1720000000):rfc3339() == "2024-07-03T11:46:40+02:00")
assert(time.date(2024, 1, 1):rfc3339() == "2024-01-01T00:00:00+01:00")
assert(time.parse(time.DATE_ONLY, "2024-07-01"):format("2006-01-02 MST") == "2024-07-01 CEST")
assert(time.now():location() == time.localtz and time.now():utc():location() == time.utc)
assert(time.after(0):receive():location() == time.localtz)
assert(time.parse("2024-07-01T00:00:00Z"):in_local():hour() == 2)
