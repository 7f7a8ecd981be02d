-- tries: be there for ever, and never for long: 20 chains of processes, each of which starts the next one and ends
-- end: returned
local link = ...
if not link then
  for _ = 1, 20 do assert(process.spawn("app:attack", "app:attackers", true)) end
else
  while not process.spawn("app:attack", "app:attackers", true) do end
end
