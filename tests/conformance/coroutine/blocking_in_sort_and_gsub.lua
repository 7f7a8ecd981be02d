-- Blocking calls work in functions given to `table.sort` and `string.gsub`,
-- and in iterators.
-- shows: O-5, O-7
local ch = channel.new()
coroutine.spawn(function()
  while true do
    ch:send("x")
  end
end)

local t = {}
for i = 1, 200 do
  t[i] = (i * 7919) % 1009
end
local compared = 0
table.sort(t, function(a, b)
  ch:receive()
  compared = compared + 1
  return a < b
end)
for i = 2, #t do
  assert(t[i - 1] <= t[i])
end
assert(compared >= #t - 1)

local replaced, count = ("a-b-c"):gsub("%a", function(letter)
  return letter .. ch:receive()
end)
assert(replaced == "ax-bx-cx" and count == 3)

local function iterator(_, i)
  ch:receive()
  if i < 5 then
    return i + 1
  end
end
local n = 0
for i in iterator, nil, 0 do
  n = n + i
end
assert(n == 15)
