-- tries: run bytecode that nobody checked, by each way to load code
-- end: returned
local chunk = "\27LuaT\0\x19\x93\r\n\x1a\n\4\8\8xV\0\0\0\0\0\0\0\0\0\0\0(w@\1\x80\x80\x80\0\1\2\x83Q\0\0\0\x80\0\1\0F\0\1\1\x80\x80\x81\0\0\x80\x80\x80\x80\x80"
for _, mode in ipairs { "b", "bt", "t", "" } do
  assert(not load(chunk, "chunk", mode))
  local given = false
  assert(not load(function() if not given then given = true return chunk end end, "chunk", mode))
  local at = 0
  assert(not load(function() at = at + 1 return chunk:sub(at, at) end, "chunk", mode))
end
assert(not pcall(string.dump, function() end))
assert(not pcall(string.dump, load("return 1"), true))
assert(not loadfile("code.luac"))
assert(not loadfile("code.luac", "b"))
package.preload.chunk = load(chunk)
assert(not pcall(require, "chunk"))
