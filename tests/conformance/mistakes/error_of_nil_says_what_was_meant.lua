-- An error in the place of the level of `error` says what was meant, and any other call of
-- `error` is that of Lua.
-- shows: ME-8
local err = errors.new { message = "gone", kind = "Own" }
for _, second in ipairs { err, "gone" } do
  local ok, message = pcall(function() error(nil, second) end)
  assert(not ok and message:find("bad argument #2 to 'error' (number expected, got ", 1, true), message)
  assert(message:find("to return an error, return nil and it", 1, true), message)
end

local ok, raised = pcall(error, nil)
assert(not ok and raised == nil)
ok, raised = pcall(error, err)
assert(not ok and raised == err and raised:kind() == "Own")
ok, raised = pcall(function() error("here", "1") end)
assert(not ok and raised:find(":%d+: here$"), raised)
local function at(level) error("there", level) end
ok, raised = pcall(function()
  at(2)
end)
assert(not ok and raised:find(":" .. debug.getinfo(1, "l").currentline - 2 .. ": there", 1, true), raised)
