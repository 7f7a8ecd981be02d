-- tries: ask for one string that no memory holds, in each way that makes one
-- end: returned
local ways = {
  function() return ("x"):rep(1 << 40) end,
  function() return ("x"):rep(math.maxinteger) end,
  function() return ("x"):rep(1 << 30, ("y"):rep(1 << 20)) end,
  function() return string.format("%99999d", 1) end,
  function() return string.format(("%99d"):rep(200000), table.unpack({}, 1, 200000)) end,
  function() return table.concat(setmetatable({}, { __len = function() return 1 << 30 end, __index = function() return ("x"):rep(1000) end })) end,
  function() return select("#", table.unpack({}, 1, 1 << 30)) end,
  function() return string.char(table.unpack({}, 1, 200000)) end,
  function() return string.gsub(("x"):rep(1 << 20), "x", ("y"):rep(1 << 10)) end,
  function() return string.pack("!16 i16 s8 Xi16 z", 1, ("x"):rep(1 << 25), ("z"):rep(1 << 25)) end,
  function() return string.unpack(("i1"):rep(100000), ("x"):rep(100000)) end,
  function() return string.unpack("s8", "\xff\xff\xff\xff\xff\xff\xff\x7f") end,
  function() return string.packsize(("c2147483647"):rep(10)) end,
  function() return utf8.char(table.unpack({}, 1, 300000)) end,
  function() return json.encode(("\0"):rep(20 << 20)) end,
  function() return json.encode(setmetatable({}, { __len = function() return math.maxinteger end })) end,
  function() return json.decode("[" .. ("0,"):rep(5000000) .. "0]") end,
  function() return io.read(1 << 40) end,
  function() return io.stdout:setvbuf("full", math.maxinteger) end,
  function() return channel.new(math.maxinteger) end,
  function() return table.pack(("x"):rep(1 << 20):byte(1, -1)) end,
  function() return os.date(("%c"):rep(1 << 14)) end,
  function() return time.now():format(("%c"):rep(1 << 14)) end,
  function() return require(("x"):rep(50 << 20)) end,
  function() return error(("x"):rep(60 << 20) .. 1) end,
}
for i, way in ipairs(ways) do
  pcall(way)
  collectgarbage()
end
assert(#("x"):rep(1 << 20) == 1 << 20)
