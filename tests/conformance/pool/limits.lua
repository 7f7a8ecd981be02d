-- A pool does as many jobs at once as it has workers and overflow, lets so many wait,
-- and refuses the next. Workers beyond the size leave when nothing waits.
-- shows: SU-13

local pool = require("pool")

local me = process.id():match("[^#]+")

local work = pool.worker(function(job, _, main)
  process.send(main, "begun", job)
  process.listen("go on"):receive()
  return job * 10
end)

return function(role, ...)
  if role then
    return work(role, ...)
  end
  local begun, results = process.listen("begun", { message = true }), channel.new(10)
  local jobs = assert(pool.start({
    worker = me, args = { "worker", process.pid() }, size = 2, overflow = 1, max_queue = 2,
  }, { name = "jobs" }))
  local function run(job)
    coroutine.spawn(function()
      local result, err = pool.run("jobs", job)
      results:send(result or err)
    end)
  end
  local workers = {}
  for job = 1, 3 do
    run(job)
    workers[job] = begun:receive():from()
  end
  assert(pool.status(jobs).workers == 3 and pool.status(jobs).busy == 3)
  run(4)
  run(5)
  repeat
    time.sleep(0)
  until pool.status(jobs).queued == 2
  local result, err = pool.run(jobs, 6)
  assert(not result and err:kind() == errors.RATE_LIMITED and err:retryable(), err)
  assert(err:details().limit == "max_queue" and err:details().value == 2, err)

  process.send(workers[1], "go on")
  assert(results:receive() == 10)
  local fourth = begun:receive()
  assert(fourth:payload() == 4 and fourth:from() == workers[1])
  process.send(workers[2], "go on")
  assert(results:receive() == 20 and begun:receive():payload() == 5)
  process.send(workers[3], "go on")
  assert(results:receive() == 30)
  local status = assert(pool.status(jobs))
  assert(status.size == 2 and status.workers == 2 and status.busy == 2 and status.queued == 0)

  -- A pool that is stopped lets its workers end their jobs.
  coroutine.spawn(function()
    results:send(assert(pool.stop(jobs)))
  end)
  process.send(workers[1], "go on")
  process.send(workers[2], "go on")
  local all = {}
  for _ = 1, 3 do
    all[results:receive()] = true
  end
  assert(all[40] and all[50] and all[true])
end
