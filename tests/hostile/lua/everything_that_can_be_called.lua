-- tries: call each function that can be reached, the interpreter's own on the stack too, with what none expects
-- end: returned
local skip = {
  [coroutine.yield] = true, [os.exit] = true, [process.upgrade] = true, [process.terminate] = true, [process.cancel] = true,
  [process.spawn] = true, [process.spawn_linked] = true, [error] = true, [print] = true, [io.write] = true,
  [time.sleep] = true, [collectgarbage] = true,
}
local seen, functions = {}, {}
local function walk(value)
  if value == nil or seen[value] then return end
  seen[value] = true
  if type(value) == "function" then
    if not skip[value] then functions[#functions + 1] = value end
  elseif type(value) == "table" then
    for k, v in next, value do walk(k) walk(v) end
  end
  local ok, metatable = pcall(getmetatable, value)
  if ok then walk(metatable) end
end
walk(_G)
walk(package.loaded)
for level = 0, 20 do
  local info = debug.getinfo(level, "f")
  if info then walk(info.func) end
end
for _, value in ipairs { process.inbox(), process.with_context {}, time.now(), time.parse_duration(1), channel.new(), io.stdout, errors.new("x"), security.new_actor("a"), security.new_scope {}, time.timer(1), logger } do
  walk(value)
  local metatable = getmetatable(value)
  if type(metatable) == "table" then walk(metatable) end
end
local odd = {
  {}, { nil }, { false }, { 0 / 0 }, { math.mininteger }, { math.maxinteger, math.maxinteger, math.mininteger }, { -1 },
  { "" }, { "\0\xff" }, { ("x"):rep(100000) }, { {} }, { { {} }, { {} } }, { setmetatable({}, { __index = error, __len = error }) },
  { print }, { coroutine.create(print) }, { process.inbox() }, { time.now(), {} }, { channel.new(), channel.new() },
  { io.stdout }, { errors.new("x"), -1 }, { _G, _G, _G }, { 1, "", {}, print, 2 ^ 60 }, { "x", "x", "x", "x" },
}
local called = 0
for _, f in ipairs(functions) do
  for _, arguments in ipairs(odd) do
    coroutine.spawn(function() pcall(f, table.unpack(arguments)) end)
    called = called + 1
    if called % 10 == 0 then time.sleep(0) end
  end
end
assert(called > 3000, called)
