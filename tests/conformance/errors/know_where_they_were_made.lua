-- `stack()` and `call_stack` say where an error was made, contexts first.
-- shows: R-3, R-8
local function make()
  local err = errors.new("x")
  return err
end
local function outer()
  local err = make()
  return err
end
local err = outer()
local lines = {}
for line in err:stack():gmatch("[^\n]+") do
  lines[#lines + 1] = line
end
assert(#lines == 3 and lines[1]:find("know_where_they_were_made.lua:4: in upvalue 'make'", 1, true), err:stack())

local stack = errors.call_stack(err)
local first, second, third = table.unpack(stack.frames)
assert(stack.thread == "main" and #stack.frames == 3)
assert(first.level == 1 and first.line == 4 and first.name == "make" and first.type == "upvalue")
assert(second.level == 2 and second.line == 8 and second.name == "outer")
assert(third.level == 3 and third.type == "main chunk" and third.source == first.source)
for _, other in ipairs { "text", 1, {}, false } do
  assert(errors.call_stack(other) == nil)
end

local wrapped = errors.wrap(errors.wrap(err, "inner"), "outer")
assert(wrapped:stack() == "outer\ninner\n" .. err:stack())
assert(#errors.call_stack(wrapped).frames == 3)

local done = channel.new()
coroutine.spawn(function()
  done:send(errors.new("y"))
end)
assert(errors.call_stack(done:receive()).thread == "coroutine")

local _, refused = process.send("nobody", "t")
assert(refused:stack():find("know_where_they_were_made.lua:38: in main chunk", 1, true), refused:stack())

-- Frames that repeat are folded, and further ones than 20 are left out.
local function deeper(n)
  local made
  if n == 0 then
    made = make()
  else
    made = deeper(n - 1)
  end
  return made
end
local function shown(made)
  return (made:stack():gsub("[%w_]+%.lua:", ""))
end
local deep = deeper(2)
assert(shown(deep) == table.concat({
  "4: in upvalue 'make'", "45: in upvalue 'deeper'", "47: in upvalue 'deeper'", "47: in local 'deeper'",
  "54: in main chunk",
}, "\n"), deep:stack())
deep = deeper(100)
assert(shown(deep) == table.concat({
  "4: in upvalue 'make'", "45: in upvalue 'deeper'", "47: in upvalue 'deeper'", "... 17 more", "...",
}, "\n"), deep:stack())
assert(#errors.call_stack(deep).frames == 20)
