-- tries: keep all workers from all others with 200 endless loops
-- end: terminated
if not ... then
  for _ = 1, 200 do assert(process.spawn_linked("app:attack", "app:attackers", true)) end
end
while true do end
