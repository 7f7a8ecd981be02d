-- Started by a guest, with messages given at its start.
return function(victim)
  local topic = process.inbox():receive():topic()
  assert(topic == "go" and security.actor() == nil and security.scope():policies()[1]:id() == "guest")
  for _, destination in ipairs { "victim", victim } do
    local sent, err = process.send(destination, "spam")
    assert(not sent and errors.is(err, errors.PERMISSION_DENIED))
  end
  assert(process.send("main", "helper"))
end
