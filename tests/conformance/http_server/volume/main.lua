-- Files of a volume, which a process writes while they are served.
-- shows: HS-8
-- options: --listen 127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: http://127.0.0.1:9090
local at = ...
local volume = assert(fs.get("pictures"))

local function get(path, headers)
  return assert(http_client.get(at .. "/api/pictures/" .. path, { headers = headers }))
end

-- Of an earlier run that did not end.
volume:remove("new.txt")
volume:remove(".hidden")

local here = get("here.txt")
assert(here.status == 200 and here.body == "here\n" and here.headers["Cache-Control"] == "no-cache")
assert(get("new.txt").status == 404)

assert(volume:writefile("new.txt", "one"))
local one = get("new.txt")
assert(one.status == 200 and one.body == "one")
assert(get("new.txt", { ["If-None-Match"] = one.headers.ETag }).status == 304)

assert(volume:writefile("new.txt", "three"))
local three = get("new.txt", { ["If-None-Match"] = one.headers.ETag })
assert(three.status == 200 and three.body == "three")
local part = get("new.txt", { Range = "bytes=1-2" })
assert(part.status == 206 and part.body == "hr")

assert(volume:writefile(".hidden", "x"))
assert(get(".hidden").status == 404)
assert(volume:remove(".hidden"))

assert(volume:remove("new.txt"))
assert(get("new.txt").status == 404)

os.exit(0)
