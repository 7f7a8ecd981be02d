-- An event is a table; data crosses as a message does.
-- shows: EV-2, EV-4
local host = "app:processes"
return function(role)
  if role then
    for i = 1, 100 do assert(events.send("count", "one", "path." .. i, { i = i, text = "\0\xff" })) end
    return
  end
  local sub = assert(events.subscribe("count"))
  assert(process.spawn(process.id():match("[^#]+"), host, "sender"))
  for i = 1, 100 do
    local event, ok = sub:channel():receive()
    assert(ok and event.system == "count" and event.kind == "one" and event.path == "path." .. i)
    assert(event.data.i == i and event.data.text == "\0\xff" and event.missed == nil)
  end
  -- Data that is absent, false, an error.
  for _, data in ipairs { false, 1.5, "text", errors.new { message = "m", kind = "K" } } do
    assert(events.send("count", "k", "p", data))
    local event = sub:channel():receive()
    if type(data) == "userdata" then
      assert(event.data:kind() == "K")
    else
      assert(event.data == data)
    end
  end
  assert(events.send("count", "k", "p"))
  local keys = {}
  for key in pairs(sub:channel():receive()) do keys[#keys + 1] = key end
  table.sort(keys)
  assert(table.concat(keys, " ") == "kind path system")
  -- Data that cannot cross, or are larger than a message, are not sent.
  for _, data in ipairs { print, coroutine.create(print), sub } do
    local sent, err = events.send("count", "k", "p", data)
    assert(sent == nil and errors.is(err, errors.INVALID))
  end
  local sent, err = events.send("count", "k", "p", ("x"):rep(1 << 20))
  assert(sent == nil and errors.is(err, errors.INVALID) and tostring(err):find("max_message"))
  assert(channel.select({ sub:channel():case_receive() }, true).default)
end
