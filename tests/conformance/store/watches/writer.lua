return function(id, count)
  local s = assert(store.get(id))
  for n = 1, count do
    assert(s:set("orders/" .. n, n))
    assert(s:set("users/" .. n, n))
  end
end
