-- tries: leave the granted directories by how a path is written, and by moving files between them
-- end: returned
-- unsaid: private
local out = {
  "secret.txt", "./secret.txt", "data/../secret.txt", "data/./.././secret.txt", "data//../secret.txt", "out/../secret.txt",
  "data/inner.txt/../../secret.txt", "../program/secret.txt", "data/../data/../secret.txt", "/proc/self/cwd/secret.txt",
  "/proc/self/root/etc/passwd", "/etc/passwd", "//etc/passwd", "data/\0/../secret.txt", "secret.txt\0data/inner.txt",
  ("data/../"):rep(500) .. "secret.txt", ("./"):rep(3000) .. "secret.txt", ("x"):rep(5000), "data/" .. ("x/"):rep(2000),
  "", ".", "..", "/", "data/..", "~", "~/.bashrc", "file:///etc/passwd", "data\\..\\secret.txt", "\xff\xfe", "/dev/stdin",
  "/dev/fd/0", "/proc/self/mem", "/proc/self/fd/3",
}
for _, path in ipairs(out) do
  for _, mode in ipairs { "r", "w", "a", "r+", "w+", "a+" } do
    local file = io.open(path, mode)
    -- A directory may be opened for reading, and read by nobody.
    assert(not file or mode == "r" and not file:read(1), path:sub(1, 60) .. " " .. mode)
  end
  assert(not loadfile(path), path)
  assert(not pcall(dofile, path))
  assert(not pcall(require, path))
  assert(not os.remove(path))
  assert(not os.rename(path, "out/stolen.txt"))
  assert(not os.rename("out/x.txt", path))
  local opened, lines = pcall(io.lines, path)
  assert(not opened or not pcall(lines), path)
end
assert(io.open("data/inner.txt"):read("l") == "inner")
assert(not io.open("data/inner.txt", "w") and not io.open("data/new.txt", "w"))
assert(not os.rename("data/inner.txt", "out/inner.txt") and not os.rename("out/x.txt", "data/x.txt"))
assert(not os.remove("data/inner.txt"))
assert(os.rename("out/x.txt", "out/../out/y.txt") and os.remove("out/y.txt"))
