-- Reads nothing until its queue is full.
return function(id)
  local s = assert(store.get(id))
  local sub = assert(s:watch("slow/"))
  for n = 1, 100 do
    assert(s:set("slow/" .. n, n))
  end
  for _ = 1, 64 do
    assert(sub:channel():receive().missed == nil)
  end
  s:set("slow/last", 1)
  local change = sub:channel():receive()
  assert(change.key == "slow/last")
  return change.missed
end
