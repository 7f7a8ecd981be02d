return function(victim)
  local host = "app:processes"
  local function denied(done, err)
    assert(not done and errors.is(err, errors.PERMISSION_DENIED), tostring(err))
  end

  denied(process.send("victim", "spam"))
  denied(process.send(victim, "spam"))

  -- Starting one who may do more.
  denied(process.spawn("app:boss", host, victim))
  denied(process.exec("app:boss", host, victim))

  -- Another actor or scope.
  local spawner = assert(process.with_context {})
  denied(spawner:with_actor(security.new_actor("boss")))
  denied(spawner:with_scope(assert(security.named_scope("app:boss"))))

  -- Messages of a start reach who is started, and nobody else: not who is not
  -- started, and not who holds the name.
  denied(spawner:with_message("spam"):spawn("app:victim", host))
  denied(spawner:with_name("victim"):with_message("spam"):spawn("app:helper", host, victim))
  local taken, err = spawner:with_name("r/held"):with_message("spam"):spawn("app:helper", host, victim)
  assert(not taken and errors.is(err, errors.ALREADY_EXISTS), tostring(err))
  assert(select(2, spawner:with_message("go"):exec("app:helper", host, victim)) == nil)
  assert(select(2, spawner:with_name("r/mine"):with_message("go"):exec("app:helper", host, victim)) == nil)

  -- Undoing is judged where there is nothing to undo, as a process of which
  -- nothing is known.
  denied(process.unmonitor("nobody"))
  assert(not security.can("process.unmonitor", "nobody"))
  assert(process.unlink("nobody") and security.can("process.unlink", "nobody"))
  denied(process.unlink("nobody else"))
  denied(process.unlink(victim))

  return process.upgrade("app:boss", victim)
end
