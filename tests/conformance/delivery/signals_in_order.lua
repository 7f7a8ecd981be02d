-- The effects of one process on another arrive in the order it caused
-- them: its CANCEL before its EXIT, its messages before its LINK_DOWN.
-- shows: D-22, D-2, L-16

local me, host = process.id():match("[^#]+"), "app:processes"

return function(parent)
  if parent then
    for i = 1, 20 do
      process.send(parent, "message", i)
    end
    process.cancel(parent, "1h")
    process.send(parent, "message", 21)
    error("as planned")
  end
  assert(process.set_options { trap_links = true })
  local events, messages = process.events(), process.listen("message")
  for _ = 1, 30 do
    local child = assert(process.spawn_linked_monitored(me, host, process.pid()))
    for _, kind in ipairs { process.event.CANCEL, process.event.LINK_DOWN, process.event.EXIT } do
      local event = events:receive()
      assert(event.kind == kind and event.from == child, event.kind)
      -- With the CANCEL came all that was sent before it.
      if kind ~= process.event.EXIT then
        for i = kind == process.event.CANCEL and 1 or 21, kind == process.event.CANCEL and 20 or 21 do
          local got = channel.select { messages:case_receive(), default = true }
          assert(got.value == i, got.value)
        end
      end
    end
  end
end
