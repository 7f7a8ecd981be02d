-- The code of both tenants: a shop that tries to reach the other tenant's.
return function(tenant, other)
  return function(main)
    local start = process.listen("start")
    assert(process.registry.register(tenant .. "/shop"))
    assert(process.send(main, "open", tenant))
    local theirs = start:receive()

    local function try(what, done, err)
      assert(process.send(main, "tried", tenant, what, done and "allowed" or tostring(err)))
    end

    local clerk, err = process.spawn("app." .. tenant .. ":clerk", "app:processes")
    try("start an own clerk", clerk, err)
    try("send to it", process.send(assert(clerk), "work"))
    try("send to their shop", process.send(theirs, "spam"))
    try("send to it by name", process.send(other .. "/shop", "spam"))
    try("terminate it", process.terminate(theirs))
    try("watch it", process.monitor(theirs))
    try("start their clerk", process.spawn("app." .. other .. ":clerk", "app:processes"))
    try("free their name", process.registry.unregister(other .. "/shop"))
    try("take a name of theirs", process.registry.register(other .. "/till"))
    local spawner = assert(process.with_context({}))
    try("act for them", spawner:with_actor(security.new_actor(other, { namespace = "app." .. other })))
    assert(process.send(main, "closed", tenant))
    start:receive() -- open until the program ends
  end
end
