-- A path without a grant looks absent, in any spelling.
-- shows: I-4, I-5
-- options: --read shelf
for _, path in ipairs {
  "/etc/passwd", "../io/main.lua", "main.lua", "shelf/../main.lua",
  ".", "..", "/", "shelf/../../x",
} do
  local file, why = io.open(path)
  if file then
    -- Opening a directory may succeed, as it does in C; reading it does not.
    assert(not file:read("a"), path)
  else
    assert(type(why) == "string")
  end
end
assert(not pcall(io.popen, "ls") and not pcall(os.execute, "ls") and not pcall(os.tmpname) and not pcall(io.tmpfile))
assert(os.getenv("HOME") == nil and os.getenv("PATH") == nil)
assert(not io.open("new.txt", "w"))
