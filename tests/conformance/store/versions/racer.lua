return function(id, rounds)
  local s = assert(store.get(id))
  local won = 0
  for _ = 1, rounds do
    assert(s:incr("sum"))
    local entry = s:entry("won")
    local put, err = s:put("won", entry.value + 1, { if_version = entry.version })
    if put then
      won = won + 1
    else
      assert(errors.is(err, errors.CONFLICT), tostring(err))
    end
  end
  -- One of all that are still there wins at last.
  while won == 0 do
    local entry = s:entry("won")
    if s:put("won", entry.value + 1, { if_version = entry.version }) then
      won = won + 1
    end
  end
  return won
end
