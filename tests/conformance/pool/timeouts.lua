-- A job that is not done in time is TIMEOUT, in the queue and at work; then its worker is
-- terminated and replaced. So is a worker whose borrower has ended.
-- shows: SU-15, SU-16

local pool = require("pool")

local me = process.id():match("[^#]+")

local roles = {}

roles.worker = pool.worker(function(job, main)
  if job == "wait" then
    process.send(main, "begun", true)
    process.listen("never"):receive()
  end
  return process.pid()
end)

function roles.borrower(main, jobs)
  process.send(main, "borrowed", (assert(pool.checkout(jobs))))
end

return function(role, ...)
  if role then
    return roles[role](...)
  end
  local begun, borrowed, events = process.listen("begun"), process.listen("borrowed"), process.events()
  local jobs = assert(pool.start { worker = me, args = { "worker", process.pid() }, size = 1 })
  local function timed_out(_, err)
    return err and err:kind() == errors.TIMEOUT and err:retryable()
  end
  local first = assert(pool.run(jobs, "pid"))
  -- A job may be given up before it has begun.
  local timeout = 20
  repeat
    assert(timed_out(pool.run(jobs, "wait", { timeout = timeout })))
    timeout = 2 * timeout
    local _, has_begun = begun:receive(0)
  until has_begun
  local second = assert(pool.run(jobs, "pid"))
  assert(second ~= first and not process.monitor(first))

  local worker = assert(pool.checkout(jobs))
  assert(worker == second)
  assert(timed_out(pool.run(jobs, "pid", { timeout = "20ms" })))
  assert(timed_out(pool.checkout(jobs, { timeout = 20 })))
  assert(pool.status(jobs).queued == 0 and pool.status(jobs).busy == 1)
  assert(pool.checkin(jobs, worker))
  local again, err = pool.checkin(jobs, worker)
  assert(not again and err:kind() == errors.NOT_FOUND)
  assert(pool.run(jobs, "pid") == worker)

  assert(process.spawn_monitored(me, "app:processes", "borrower", process.pid(), jobs))
  assert(borrowed:receive() == worker and events:receive().result.error == nil)
  assert(pool.run(jobs, "pid") ~= worker)

  local none
  none, err = pool.run(jobs, "pid", { timeot = 1 })
  assert(not none and err:kind() == errors.INVALID and err:find("'timeot'"))
  none, err = pool.start { worker = me, size = 0 }
  assert(not none and err:kind() == errors.INVALID and err:find("pool.size is an integer from 1, not 0"))
  none, err = pool.start { worker = me, size = 1.5 }
  assert(not none and err:find("pool.size is an integer from 1, not 1.5", 1, true), err)
  -- A float is an integer if it has the value of one.
  local floats = assert(pool.start {
    worker = me, args = { "worker" }, size = 2.0, overflow = 1.0, max_queue = 3.0, retries = 1.0, max_restarts = 3.0,
  })
  assert(math.type(pool.status(floats).size) == "integer")
  assert(pool.run(floats, "pid", { retries = 2.0 }))
  assert(pool.stop(floats))
  none, err = pool.start { worker = me, max_restarts = 1.5 }
  assert(not none and err:find("pool.max_restarts is an integer from 0, not 1.5", 1, true), err)

  -- Requests to processes that are no pools: a supervisor, and one that answers nothing.
  local top = assert(require("supervisor").start {})
  none, err = pool.run(top, "pid")
  assert(not none and err:kind() == errors.INVALID and err:message() == "unknown request 'run': " .. top .. " is no pool", err)
  local mute = assert(pool.checkout(jobs))
  none, err = pool.status(mute, "10ms")
  assert(timed_out(none, err) and err:message() == "pool " .. mute .. " did not answer within 10ms; it is busy, or is no pool", err)
  assert(pool.checkin(jobs, mute))
end
