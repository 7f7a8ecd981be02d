-- A required file may block.
-- shows: O-8
coroutine.spawn(function()
  process.send(process.pid(), "value", "from elsewhere")
end)
assert(require("waits") == "from elsewhere")
