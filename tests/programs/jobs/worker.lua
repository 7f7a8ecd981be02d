-- Does a job: notes it in the store, and then acknowledges it.
return function(name)
  local m = assert(queue.message())
  print(("begun %d %s"):format(m:attempt(), name))
  if name:find("^failing") then
    return false
  end
  assert(assert(store.get("done")):set(name, true))
  if name:find("^acked") then
    assert(m:ack())
    print("acked " .. name)
  end
end
