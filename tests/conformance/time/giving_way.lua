-- The shortest sleep lets the other coroutines run.
-- shows: T-11
for _, shortest in ipairs { 0, 1, "0s", "1ns" } do
  local order = {}
  local function task(name)
    for round = 1, 3 do
      order[#order + 1] = name .. round
      time.sleep(shortest)
    end
  end
  coroutine.spawn(task, "b")
  task("a")
  assert(table.concat(order, " "):find("^a1 b1 a2 b2 a3"), table.concat(order, " "))
end

-- A loop of such sleeps ends for whatever another coroutine waits for.
local done = 0
local ch = process.listen("t")
coroutine.spawn(function() done = done + 1 end)
coroutine.spawn(function() time.sleep("2ms") done = done + 1 end)
coroutine.spawn(function() ch:receive() done = done + 1 end)
process.send(process.pid(), "t")
while done < 3 do
  time.sleep(0)
end
