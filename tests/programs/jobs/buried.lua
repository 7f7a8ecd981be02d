-- Notes a job that was given up.
return function(name)
  local m = assert(queue.message())
  assert(m:header("warren.attempts") == 3)
  print(("begun %d dead %s"):format(m:attempt(), name))
  assert(assert(store.get("done")):set("dead " .. name, true))
  assert(m:ack())
  print("acked dead " .. name)
end
