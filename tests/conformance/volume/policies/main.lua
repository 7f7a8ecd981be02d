-- Policies decide who reads and writes which path.
-- shows: VO-9
local v = assert(fs.get("files"))
for _, path in ipairs { "open/new.txt", "open/dir", "open" } do
  v:remove(path)
end
assert(v:mkdir("open"))
local asked = assert(process.exec("app:clerk", "app:processes"))
for try, expected in pairs {
  read_public = "for all\n",
  write_public = "not allowed: fs.write on app:files",
  read_secret = "not allowed: fs.read on app:files",
  stat_secret = "path: a part is `..`",
  list = "not allowed: fs.read on app:files",
  remove_secret = "not allowed: fs.write on app:files",
  make = "true",
  write_open = "true",
  read_open = "new",
  both_public = "not allowed: fs.write on app:files",
  exists_secret = "not allowed: fs.read on app:files",
  can = "true",
  cannot = "false",
} do
  assert(asked[try]:find(expected, 1, true) == 1, try .. ": " .. asked[try])
end
assert(v:readfile("public.txt") == "for all\n" and v:readfile("secret.txt") == "for some\n")
for _, path in ipairs { "open/new.txt", "open/dir", "open" } do
  assert(v:remove(path))
end
