-- A counter that crashes and does not lose its count.
--
--     warren run examples/supervised-counter

local supervisor = require("supervisor")

local TO <const> = 25

return function()
  local counted = process.listen("counted")
  local tree = assert(supervisor.start {
    strategy = "rest_for_one",
    children = {
      { definition = "app:stash", name = "stash" },
      { definition = "app:counter", name = "counter", args = { process.pid() } },
    },
  })

  -- A message may reach the counter just before its crash, and is lost then; so each
  -- number is asked for until it is there.
  local count = 0
  while count < TO do
    if process.send("counter", "count", count) then
      count = counted:receive("100ms") or count
    else
      time.sleep("1ms") -- it is being started again
    end
  end

  local counter = assert(supervisor.find(tree, "counter"))
  print(("counted to %d with %d crashes, and lost nothing"):format(count, counter.restarts))
  assert(supervisor.stop(tree))
end
