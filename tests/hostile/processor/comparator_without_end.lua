-- tries: keep a worker with a comparison that waits, changes the list and contradicts itself
-- end: terminated
local list = {}
for i = 1, 1000 do list[i] = i % 7 end
while true do
  pcall(table.sort, list, function(a, b)
    time.sleep(0)
    list[#list + 1] = a
    list[1] = b
    return math.random(2) == 1
  end)
  for i = #list, 1000, -1 do list[i] = nil end
end
