-- tries: keep a worker, or memory, with sources that take long to prepare or are larger than they may be
-- end: returned
-- grows: 400 MiB
local sources = {
  gotos = { "", "goto l%d ::l%d:: ", 3000 },
  strings = { "return '", "x", 5000000, "'" },
  constants = { "return {", "0.%d,", 200000, "}" },
  functions = { "", "function f%d() end ", 50000 },
  nested = { "return ", "(", 5000000 },
  operators = { "return 1", " .. 1", 500000 },
  comments = { "", "--[==[ ]==] ", 1000000 },
  upvalues = { "local x ", "function f%d() return x end ", 50000 },
  too_long = { "return '", "x", 17 << 20, "'" },
  bytecode = { "\27LuaT\0\x19\x93\r\n\x1a\n", "\0", 1000 },
  binary = { "\0\1\2\255", "\254", 1000 },
}
-- A source is refused for what it is, or its preparation meets a limit of memory.
local function is_refusal(err)
  if errors.is(err, errors.INVALID) then return true end
  local details = err:details()
  return errors.is(err, errors.RATE_LIMITED) and details ~= nil and details.limit:find("memory", 1, true) ~= nil
    and err:retryable() == (details.limit ~= "max_memory")
end
-- A reload would have to take new files elsewhere.
assert(require("lfs").mkdir("target"))
local events = process.events()
for name, parts in pairs(sources) do
  local file = assert(io.open("target/" .. name .. ".lua", "w"))
  local before, each, times, after = table.unpack(parts, 1, 4)
  file:write(before)
  if each:find("%d", 1, true) then
    for i = 1, times do file:write((each:gsub("%%d", i))) end
  else
    for _ = 1, times // 1000 do file:write(each:rep(1000)) end
  end
  file:write(after or "")
  file:close()
  local pid, err = process.spawn_monitored("app.target:" .. name, "app:attackers")
  if pid then events:receive() else assert(is_refusal(err), name .. ": " .. tostring(err)) end
  assert(pid or #err:message() < 2000, name)
end
