-- Answers a call, and then what it takes for the calls after it.
local server = require("server")
return server.entry {
  call = function(_, _, message)
    local caller = server.reply_to(message)
    coroutine.spawn(function()
      for _ = 1, 50 do
        for step = 1, 20 do
          process.send(caller.pid, caller.topic, true, "yes", caller.number + (step << 24))
          process.send(caller.pid, caller.topic, true, "yes", caller.number - (step << 24))
        end
        time.sleep("1ms")
      end
    end)
    return "this one"
  end,
}
