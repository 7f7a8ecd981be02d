-- Files of a volume are written, read, listed and removed, by paths that stay in it.
-- shows: VO-1, VO-2, VO-3, VO-4, VO-5, VO-7, VO-8
-- options: --volume given=shelf
local function fails(kind, value, err)
  assert(not value and errors.is(err, kind), tostring(value) .. " " .. tostring(err))
  return err
end

for _, id in ipairs { "hidden", "app:none", "other:own" } do
  local err = fails(errors.NOT_FOUND, fs.get(id))
  assert(tostring(err):find("^volume not found: ") and err:retryable() == false)
  assert(tostring(err):find("%-%-volume [%w.:]+=PATH$"), tostring(err))
end
fails(errors.INVALID, fs.get(""))
fails(errors.INVALID, fs.get())

for _, id in ipairs { "own", "app:own", "given" } do
  local v = assert(fs.get(id))
  assert(tostring(v) == "fs.Volume{}" and v:pwd() == "/")
  for _, path in ipairs { "dir/inner/deep.txt", "dir/inner", "dir/b", "dir/a", "dir/\u{e9}", "dir" } do
    v:remove(path)
  end

  assert(v:mkdir("/dir") == true and v:mkdir("dir//./inner/") == true)
  fails(errors.ALREADY_EXISTS, v:mkdir("dir"))
  fails(errors.NOT_FOUND, v:mkdir("none/dir"))
  assert(v:isdir("dir") and v:exists("dir") and not v:isdir("none") and not v:exists("none"))

  -- A file is read as it was written, byte for byte.
  for _, text in ipairs { "", "one", "\0\xff\n\r\n", ("x"):rep(1000000) } do
    assert(v:writefile("dir/a", text) == true)
    assert(v:readfile("/dir/a") == text and v:read_file("dir/./a") == text)
    assert(v:stat("dir/a").size == #text)
  end
  assert(v:write_file("dir/a", "one", "w") and v:writefile("dir/a", "two", "a"))
  assert(v:readfile("dir/a") == "onetwo" and not v:isdir("dir/a"))
  assert(v:writefile("dir/b", "new", "wx"))
  fails(errors.ALREADY_EXISTS, v:writefile("dir/b", "newer", "wx"))
  assert(v:readfile("dir/b") == "new")
  for _, mode in ipairs { "r", "rw", "x", "", "W" } do
    fails(errors.INVALID, v:writefile("dir/b", "x", mode))
  end
  fails(errors.INVALID, v:writefile("dir/b"))
  fails(errors.INVALID, v:writefile("dir/b", ("x"):rep((16 << 20) + 1)))
  -- A stream, or an open file, is copied to its end.
  local reader, writer = stream.pipe()
  coroutine.spawn(function()
    for n = 1, 1000 do
      writer:write(("%08d"):format(n))
    end
    writer:close()
  end)
  assert(v:writefile("dir/b", reader))
  local copied = v:readfile("dir/b")
  assert(#copied == 8000 and copied:sub(-8) == "00001000")
  local f <close> = assert(v:open("dir/b"))
  assert(v:writefile("dir/a", f, "a") and v:readfile("dir/a") == "onetwo" .. copied)

  -- The directory in which a relative path begins is of this object alone.
  assert(v:chdir("dir") == true and v:pwd() == "/dir")
  assert(v:writefile("inner/deep.txt", "deep") and v:chdir("./inner//") and v:pwd() == "/dir/inner")
  assert(v:readfile("deep.txt") == "deep" and v:readfile("/dir/inner/deep.txt") == "deep")
  assert(fs.get(id):pwd() == "/")
  fails(errors.NOT_FOUND, v:chdir("none"))
  fails(errors.INVALID, v:chdir("deep.txt"))
  fails(errors.INVALID, v:chdir(".."))
  assert(v:pwd() == "/dir/inner" and v:chdir("/") and v:pwd() == "/")

  -- No path leads out.
  for _, path in ipairs { "..", "/..", "dir/..", "dir/../b", "../main.lua", "", "a\0b", ("x/"):rep(2500) } do
    fails(errors.INVALID, v:readfile(path))
    fails(errors.INVALID, v:writefile(path, "x"))
    fails(errors.INVALID, v:stat(path))
    fails(errors.INVALID, v:exists(path))
    fails(errors.INVALID, v:readdir(path))
    fails(errors.INVALID, v:remove(path))
    fails(errors.INVALID, v:open(path, "w"))
  end

  -- The entries come in the order of their bytes, each once.
  assert(v:writefile("dir/\u{e9}", ""))
  local seen = {}
  for entry in v:readdir("dir") do
    seen[#seen + 1] = entry.name .. "=" .. entry.type
  end
  assert(table.concat(seen, " ") == "a=file b=file inner=directory \u{e9}=file", table.concat(seen, " "))
  fails(errors.INVALID, v:readdir("dir/a"))
  fails(errors.NOT_FOUND, v:readdir("none"))

  local stat = assert(v:stat("/dir/inner/deep.txt"))
  assert(stat.name == "deep.txt" and stat.size == 4 and stat.is_dir == false and stat.type == fs.type.FILE)
  assert(math.type(stat.modified) == "integer" and math.abs(stat.modified - os.time()) < 3600)
  assert(stat.mode & 0x80 ~= 0)
  local root = assert(v:stat("/"))
  assert(root.name == "/" and root.is_dir and root.type == fs.type.DIR)

  fails(errors.NOT_FOUND, v:readfile("none"))
  fails(errors.NOT_FOUND, v:stat("none/a"))
  fails(errors.NOT_FOUND, v:remove("none"))
  fails(errors.INVALID, v:readfile("dir"))
  fails(errors.INVALID, v:writefile("dir", "x"))
  fails(errors.INVALID, v:stat("dir/a/b"))
  fails(errors.INVALID, v:remove("dir"))
  fails(errors.INVALID, v:remove("/"))
  for _, path in ipairs { "dir/inner/deep.txt", "dir/inner", "dir/b", "dir/a", "dir/\u{e9}", "dir" } do
    assert(v:remove(path) == true, path)
  end
  assert(not v:exists("dir"))
end

-- A volume that may only be read does not change.
for _, id in ipairs { "books", "shown" } do
  local v = assert(fs.get(id))
  local path = id == "books" and "one.txt" or "books/one.txt"
  assert(v:readfile(path) == "a book\n" and v:exists(path))
  for _, mode in ipairs { "w", "a", "wx" } do
    fails(errors.PERMISSION_DENIED, v:writefile(path, "x", mode))
    fails(errors.PERMISSION_DENIED, v:open(path, mode))
  end
  fails(errors.PERMISSION_DENIED, v:open(path, "rw"))
  fails(errors.PERMISSION_DENIED, v:mkdir("new"))
  fails(errors.PERMISSION_DENIED, v:remove(path))
  assert(v:readfile(path) == "a book\n" and assert(v:open(path)):read() == "a book\n")
end

-- A full volume has room again once something is gone.
local v = assert(fs.get("small"))
local err = fails(errors.RATE_LIMITED, v:writefile("large", ("x"):rep(70000)))
assert(err:details().limit == "max_bytes" and err:details().value == 65536 and err:retryable())
assert(v:writefile("large", ("x"):rep(30000)))
fails(errors.RATE_LIMITED, v:writefile("more", ("x"):rep(40000)))
assert(v:writefile("large", "") and v:writefile("more", ("x"):rep(40000)))
assert(v:remove("more") and v:remove("large"))
