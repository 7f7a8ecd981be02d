-- Changes keys of its own, one change after the other, and tells of each that was acknowledged.
return function(writer, round)
  local s = assert(store.get("ledger"))
  for n = 1, math.huge do
    local key, value = ("%d/%d"):format(writer, n % 50), ("%s.%d"):format(round, n)
    local kind, version = n % 7, "-"
    if kind == 3 then
      local _, err = s:delete(key)
      assert(not err, err)
    elseif kind == 4 then
      assert(s:incr(writer .. "/count", n))
    elseif kind == 5 then
      local _, err = s:put(key, value, { only_if_absent = true })
      assert(not err or errors.is(err, errors.ALREADY_EXISTS), err)
    else
      version = assert(s:put(key, value)).version
    end
    print("acked", writer, n, version)
  end
end
