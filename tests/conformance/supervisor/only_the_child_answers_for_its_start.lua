-- No process but a child itself can say that the child has started.
-- shows: SU-21

local server, supervisor = require("server"), require("supervisor")

local me = process.id():match("[^#]+")

return function(role, main)
  if role then
    local told, inbox = process.listen("refuse"), process.inbox()
    local request = inbox:receive()
    process.send(main, "asked", server.reply_to(request).topic)
    told:receive()
    server.refuse(request, errors.new { kind = errors.CONFLICT, message = "not today" })
    return
  end
  local asked, outcome = process.listen("asked", { message = true }), channel.new(1)
  local topics = {}
  for round = 1, 2 do
    coroutine.spawn(function()
      outcome:send(table.pack(supervisor.start({
        children = { { definition = me, args = { "child", process.pid() }, ready = true } },
      }, { name = "top" .. round })))
    end)
    local message = asked:receive()
    topics[round] = message:payload()
    for number = 1, 5 do
      assert(process.send("top" .. round, "supervisor.ready#" .. number, true, true))
    end
    if round == 2 then
      assert(topics[1] ~= topics[2])
      assert(process.send("top" .. round, topics[1], true, true))
    end
    assert(process.send(message:from(), "refuse"))
    local started = outcome:receive()
    assert(not started[1] and started[2]:kind() == errors.CONFLICT, started[2])
  end
end
