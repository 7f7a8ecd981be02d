-- tries: fill the memory with the requests of processes that end before their work begins
-- end: returned
-- prints: 40 left their work behind
local left = 0
for n = 1, 40 do
  local _, err = process.exec("app:worker", "app:attackers")
  if not err then
    left = left + 1
  end
end
print(left .. " left their work behind")
