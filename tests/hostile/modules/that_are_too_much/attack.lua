-- tries: keep a compiler busy for minutes with small files
-- end: returned
-- grows: 300 MiB
local function leb(n)
  local out = {}
  repeat
    local more = n >> 7
    out[#out + 1] = string.char(n & 0x7f | (more > 0 and 0x80 or 0))
    n = more
  until n == 0
  return table.concat(out)
end
local function section(id, text) return string.char(id) .. leb(#text) .. text end
local function vector(n, element) return leb(n) .. element:rep(n) end
local function body(locals, code) local text = locals .. code .. "\x0b" return leb(#text) .. text end
local header = "\0asm\1\0\0\0"
local exports = section(7, "\2\6memory\2\0\5start\0\0")
local function module(functions, bodies, more)
  return header .. section(1, "\1\x60\0\0") .. section(3, vector(functions, "\0")) .. (more or "") .. section(5, "\1\0\1") .. exports .. section(10, leb(functions) .. bodies)
end
local much = {
  functions = module(1000000, body("\0", ""):rep(1000000)),
  function_of_bytes = module(1, body("\0", ("\1"):rep(3000000))),
  branches = module(1, body("\0", "\x41\0\x0e" .. vector(1000000, "\0") .. "\0")),
  locals = module(1, body("\1\xd0\x86\3\x7e", ("\x02\x40\x0b"):rep(10000))),
  blocks = module(1, body("\0", ("\2\x40"):rep(600000) .. ("\x0b"):rep(600000))),
  loops = module(1, body("\0", ("\3\x40\x41\0\x0d\0\x0b"):rep(10000))),
  nested_loops = module(1, body("\0", ("\3\x40"):rep(2000) .. ("\x41\0\x0d\0\x0b"):rep(2000))),
  calls = module(1, body("\0", ("\x10\0"):rep(1000000))),
  state = module(3000, body("\1\xa0\x1f\x7e", ("\x41\0\x0d\0"):rep(50)):rep(3000)),
  globals = header .. section(6, vector(1000000, "\x7f\1\x41\0\x0b")) .. section(5, "\1\0\1"),
  types = header .. section(1, vector(1000000, "\x60\0\0")),
  imports = header .. section(1, "\1\x60\0\0") .. section(2, vector(200000, "\3env\1f\0\0")),
  exports = header .. section(1, "\1\x60\0\0") .. section(3, "\1\0") .. section(7, vector(200000, "\0\0\0")) .. section(10, "\1\2\0\x0b"),
  data = header .. section(5, "\1\0\1") .. section(11, vector(200000, "\1\0")),
  elements = header .. section(4, "\1\x70\0\1") .. section(9, vector(200000, "\1\0\0")),
  parts = "\0asm\x0d\0\1\0" .. ("\1\x08" .. header):rep(5000),
}
-- A reload would have to take new files elsewhere.
assert(require("lfs").mkdir("target"))
-- Sixty-five MiB are more than this process may hold at once.
local function write(name, text, times)
  local file = assert(io.open("target/" .. name .. ".wasm", "w"))
  for _ = 1, times or 1 do file:write(text) end
  file:close()
end
write("bytes", header)
write("bytes", section(0, "\1x" .. ("x"):rep(1 << 20)), 66)
much.bytes = nil
for name, text in pairs(much) do
  write(name, text)
  much[name] = true
end
much.bytes = true
for name in pairs(much) do
  local pid, err = process.spawn("app.target:" .. name, "app:attackers")
  assert(not pid and errors.is(err, errors.INVALID) and #err:message() < 1000, name .. ": " .. tostring(err))
end
