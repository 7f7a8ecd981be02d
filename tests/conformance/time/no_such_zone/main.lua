-- Without a zone in TZ, the program's own is UTC.
-- options: --env TZ=Mars/Olympus
-- shows: T-24
assert(time.localtz == time.utc and time.now():location() == time.utc)
assert(time.unix(0):rfc3339() == "1970-01-01T00:00:00Z")
