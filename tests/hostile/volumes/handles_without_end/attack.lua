-- tries: open files of a volume until nobody else can, and leave them to the end of the processes
-- end: returned
local full = process.listen("full")
for _ = 1, 20 do
  assert(process.spawn_linked("app:hog", "app:attackers", process.pid()))
end
local all = 0
for _ = 1, 20 do
  all = all + full:receive()
end
assert(all >= 590 and all <= 600, all)
local v = assert(fs.get("files"))
for _, call in ipairs { "open", "readfile", "stat", "readdir" } do
  local value, err = v[call](v, "/")
  assert(not value and errors.is(err, errors.RATE_LIMITED), call .. ": " .. tostring(err))
end
