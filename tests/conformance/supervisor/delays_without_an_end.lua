-- Delays that stay zero, and delays and times that are longer than any number, end no
-- supervisor and no pool.
-- shows: SU-5

local pool, supervisor = require("pool"), require("supervisor")

local me = process.id():match("[^#]+")

return function(role, main)
  if role == "worker" then
    return pool.worker(function() error("cannot work", 0) end)()
  elseif role then
    process.send(main, "up")
    error("again", 0)
  end
  local up = process.listen("up")
  -- 2 ^ 1024 is infinite.
  local top = assert(supervisor.start {
    max_restarts = math.huge,
    children = { {
      id = "often", definition = me, args = { "often", process.pid() },
      backoff = { initial_delay = 0, factor = 1e300, reset_after = "1h" },
    } },
  })
  for _ = 1, 10 do
    up:receive()
  end
  assert(supervisor.find(top, "often").restarts >= 9)
  assert(supervisor.stop(top))

  top = assert(supervisor.start {
    max_restarts = math.huge,
    children = { {
      id = "late", definition = me, args = { "late", process.pid() },
      backoff = { initial_delay = "2000000h", max_delay = "2500000h", jitter = 1 },
    } },
  })
  up:receive()
  local child
  repeat
    child = supervisor.find(top, "late")
  until child.state == "waiting"
  assert(child.restarts == 1)

  local workers = assert(pool.start {
    worker = me, args = { "worker" }, size = 1, retries = 5, timeout = "2500000h",
    backoff = { initial_delay = 0, factor = 1e300 },
  })
  local none, err = pool.run(workers, 1)
  assert(not none and err:details().attempts == 6, err)
end
