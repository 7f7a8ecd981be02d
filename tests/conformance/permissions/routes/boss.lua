-- The guest's code after an upgrade: that of a process that may do everything.
return function(victim)
  assert(security.actor() == nil and security.scope():policies()[1]:id() == "guest")
  local done, err = process.terminate(victim)
  assert(not done and errors.is(err, errors.PERMISSION_DENIED))
  assert(process.send("main", "done"))
  return "still a guest"
end
