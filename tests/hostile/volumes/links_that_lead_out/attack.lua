-- tries: leave a volume by paths and by links that are there: symbolic ones, chains, circles, and a pipe that never answers
-- end: returned
-- unsaid: private
-- link: data/up -> ..
-- link: data/secret -> ../secret.txt
-- link: data/new -> ../new.txt
-- link: data/absolute -> /etc/passwd
-- link: data/magic -> /proc/self/root
-- link: data/chain -> up/secret.txt
-- link: data/circle -> circle
-- link: data/self -> .
-- link: data/fine -> inner.txt
-- fifo: data/pipe
local v = assert(fs.get("files"))
local function out(value, err)
  assert(not value and (errors.is(err, errors.INVALID) or errors.is(err, errors.ALREADY_EXISTS)),
    tostring(value) .. " " .. tostring(err))
end
local paths = {
  "..", "../secret.txt", "self/../../secret.txt", "/../secret.txt", "up", "up/secret.txt", "secret", "absolute",
  "magic", "magic/etc/passwd", "chain", "circle", "circle/a", "self/up/secret.txt", "self/self/chain", "pipe",
  "inner.txt/../../secret.txt", "self/" .. ("self/"):rep(600) .. "secret",
}
for _, path in ipairs(paths) do
  out(v:readfile(path))
  out(v:readdir(path))
  for _, mode in ipairs { "r", "w", "a", "rw", "wx" } do
    out(v:open(path, mode))
  end
  for _, mode in ipairs { "w", "a", "wx" } do
    out(v:writefile(path, "x", mode))
  end
  out(v:mkdir(path))
end
for _, path in ipairs { "new", "up/new.txt", "up/dir" } do
  for _, mode in ipairs { "w", "a", "wx" } do
    out(v:writefile(path, "x", mode))
  end
  out(v:mkdir(path))
end
assert(v:readfile("fine") == "inner\n" and v:readfile("self/self/inner.txt") == "inner\n")
-- A link is removed, and not what it leads to.
assert(v:remove("fine") and v:readfile("inner.txt") == "inner\n")
out(v:remove("up/secret.txt"))
assert(v:remove("up") and v:remove("secret") and v:remove("circle") and v:remove("pipe"))
