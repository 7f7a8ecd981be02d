-- A job whose worker crashes is tried again, then reported; an error that a job returns
-- is its answer. Workers that crash without a job end the pool.
-- shows: SU-14

local pool = require("pool")

local me = process.id():match("[^#]+")

local tried = 0

local work = pool.worker(function(job, _, main)
  if job == "count" then
    return tried
  elseif job == "refuse" then
    return nil, errors.new { kind = errors.CONFLICT, message = "refused", details = { n = 1 } }
  elseif job == "text" then
    return nil, "in words"
  elseif job == "bad result" then
    return print
  elseif job == "crash" or process.registry.register("has tried " .. job .. " once") then
    process.send(main, "tried", job)
    if job == "crash" then
      error("told to crash", 0)
    end
    process.send(main, "tried", process.pid())
    process.terminate(process.pid())
  end
  return "done"
end)

return function(role, main)
  if role then
    return work(role, main)
  end
  local attempts = process.listen("tried")
  local jobs = assert(pool.start { worker = me, args = { "worker", process.pid() }, size = 1, retries = 2, max_restarts = 1 })
  local result, err = pool.run(jobs, "crash")
  assert(not result and err:kind() == errors.INTERNAL and err:details().attempts == 3, err)
  assert(err:message() == "the worker ended in each of 3 attempts: told to crash", err)
  for _ = 1, 3 do
    assert(attempts:receive() == "crash")
  end
  result, err = pool.run(jobs, "crash", { retries = 0 })
  assert(not result and err:details().attempts == 1 and attempts:receive() == "crash")
  assert(err:message() == "the worker ended at its only attempt: told to crash", err)

  result, err = pool.run(jobs, "refuse")
  assert(not result and err:kind() == errors.CONFLICT and err:details().n == 1)
  result, err = pool.run(jobs, "text")
  assert(not result and err:message() == "in words")
  result, err = pool.run(jobs, "bad result")
  assert(not result and err:kind() == errors.INVALID)
  assert(pool.run(jobs, "count") == 0)
  assert(pool.status(jobs).workers == 1)

  -- Two workers, each of which is idle when it is terminated.
  process.set_options { trap_links = true }
  local pair = assert(pool.start { worker = me, args = { "worker", process.pid() }, size = 2, max_restarts = 1, within = "1h" })
  local first, second = assert(pool.checkout(pair)), assert(pool.checkout(pair))
  assert(pool.checkin(pair, first) and pool.checkin(pair, second))
  assert(process.terminate(first) and process.terminate(second))
  local event = process.events():receive()
  assert(event.from == pair and event.result.error:find("^ends of workers without a job exceed max_restarts = 1 within 1h"))
end
