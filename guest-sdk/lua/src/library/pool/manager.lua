-- A pool at work: one process that hands jobs to its workers. A worker has one job at a
-- time; a job is in one place at a time, the queue, a worker, or its pause before it is
-- tried again.

local native = ...
local alarms = require("warren.supervisor.alarms")
local failures = require("warren.server.failures")
local failure = failures.failure
local launch = require("warren.supervisor.launch")
local loop = require("warren.supervisor.loop")
local queue = require("warren.pool.queue")
local requests = require("warren.supervisor.requests")
local restarts = require("warren.supervisor.restarts")
local replies = require("warren.server.replies")
local spec = require("warren.pool.spec")

local manager = {}
manager.__index = manager

-- Returns a pool of a complete description, without workers yet.
function manager.new(description)
  assert(process.set_options { trap_links = true })
  return setmetatable({
    description = description,
    crashes = restarts.intensity(description.max_restarts, description.within),
    workers = {}, -- by PID
    count = 0, -- of workers that are not being dismissed
    idle = {}, -- a stack of workers
    waiting = queue.new(), -- jobs
    paused = {}, -- a set: jobs before their next attempt
    borrowers = {}, -- by PID: the number of their checkouts
    alarms = alarms.new(), -- functions to call
    jobs = 0, -- given so far
    events = process.events(),
    inbox = process.inbox(),
    callers = {}, -- that wait for the end of the pool
  }, manager)
end

manager.finish, manager.receive = loop.finish, loop.receive

-- Ends a job, with an answer to the one who waits for it.
function manager:end_job(job, answer, err)
  if job.alarm then
    self.alarms:remove(job.alarm)
  end
  self.waiting:remove(job)
  if job.worker then
    job.worker.job, job.worker = nil, nil
  end
  job.ended = true
  if err ~= nil then
    replies.refuse(job.caller, err)
  else
    replies.reply(job.caller, answer)
  end
end

function manager:start_worker()
  local pid, err = launch.child(self.description.worker, self.description.worker.args)
  if not pid then
    return nil, err
  end
  local worker = { pid = pid }
  self.workers[pid] = worker
  self.count = self.count + 1
  return worker
end

-- Takes a worker out of the pool. Its end is no crash.
function manager:dismiss(worker, at_once)
  if worker.leaving then
    return
  end
  worker.leaving = true
  self.count = self.count - 1
  local shutdown = self.description.shutdown
  if at_once or shutdown == "kill" then
    process.terminate(worker.pid)
  elseif shutdown == "infinity" then
    process.cancel(worker.pid)
  else
    process.cancel(worker.pid, shutdown .. "ns")
  end
end

-- Gives a job to a worker that has none. Returns false where the worker has ended.
function manager:give(worker, job)
  if job.is_checkout then
    worker.job, job.worker = job, worker
    if job.alarm then
      self.alarms:remove(job.alarm)
      job.alarm = nil
    end
    replies.reply(job.caller, worker.pid)
    return true
  end
  local sent, err = process.send(worker.pid, "pool.job", job.number, job.value)
  if sent then
    worker.job, job.worker = job, worker
    job.attempts = job.attempts + 1
  elseif errors.is(err, errors.NOT_FOUND) then
    return false
  else
    self:end_job(job, nil, err)
    self.idle[#self.idle + 1] = worker
  end
  return true
end

-- Gives waiting jobs to idle workers.
function manager:give_jobs()
  while self.waiting.count > 0 do
    local worker = table.remove(self.idle)
    if not worker and self.count < self.description.size + self.description.overflow then
      worker = self:start_worker()
    end
    if not worker then
      return
    elseif not worker.leaving and self.workers[worker.pid] then
      local job = self.waiting:pop()
      if not self:give(worker, job) then
        -- The worker's EXIT follows.
        self.waiting:push_first(job)
      end
    end
  end
end

-- Takes back a worker that has done its job.
function manager:take_back(worker)
  if worker.leaving then
    return
  elseif self.count > self.description.size and self.waiting.count == 0 then
    self:dismiss(worker)
  else
    self.idle[#self.idle + 1] = worker
  end
end

-- Adds a job, or refuses it.
function manager:add(job)
  self.jobs = self.jobs + 1
  job.number, job.attempts = self.jobs, 0
  local room = self.description.size + self.description.overflow - self.count
  if self.waiting.count >= self.description.max_queue + #self.idle + math.max(room, 0) then
    local most = self.description.max_queue
    local message = ("the queue is full: max_queue = %d; all workers are busy"):format(most)
    replies.refuse(job.caller, failures.at_limit("max_queue", most, message))
    return
  end
  if job.timeout then
    job.alarm = self.alarms:add(alarms.now() + job.timeout, function()
      job.alarm = nil
      local worker = job.worker
      if job.is_checkout then
        self:end_checkout(job)
      end
      local within = " within " .. tostring(time.parse_duration(job.timeout .. "ns"))
      local message = (job.is_checkout and "no worker was free" or "the job was not done") .. within
      self:end_job(job, nil, failure(errors.TIMEOUT, message, { attempts = job.attempts }))
      if worker then
        self:dismiss(worker, true)
      end
    end)
  end
  self.waiting:push(job)
end

-- Decides on a job whose worker has ended.
function manager:crashed(job, result)
  job.worker = nil
  if job.is_checkout then
    job.ended = true
    return
  elseif self.ending then
    return self:end_job(job, nil, failure(errors.UNAVAILABLE, "the pool is ending"))
  elseif job.attempts > job.retries then
    local when = job.attempts == 1 and "at its only attempt" or "in each of " .. job.attempts .. " attempts"
    local message = "the worker ended " .. when .. ": " .. (result.error or "it returned")
    local err = failure(errors.INTERNAL, message, { attempts = job.attempts })
    return self:end_job(job, nil, err)
  end
  local delay = restarts.delay({ backoff = self.description.backoff, row = job.attempts - 1 })
  if delay == 0 then
    return self.waiting:push_first(job)
  end
  self.paused[job] = true
  self.alarms:add(alarms.now() + delay, function()
    self.paused[job] = nil
    if not job.ended then
      self.waiting:push_first(job)
    end
  end)
end

-- Forgets a checkout of a process that may have no others.
function manager:end_checkout(job)
  local borrower = job.caller.pid
  local rest = (self.borrowers[borrower] or 1) - 1
  self.borrowers[borrower] = rest > 0 and rest or nil
  if rest == 0 then
    process.unmonitor(borrower)
  end
end

-- Replaces the workers that a process has borrowed and not returned: nobody knows what
-- they were in the middle of.
function manager:borrower_ended(pid)
  self.borrowers[pid] = nil
  for _, worker in pairs(self.workers) do
    local job = worker.job
    if job and job.is_checkout and job.caller.pid == pid then
      worker.job, job.worker, job.ended = nil, nil, true
      self:dismiss(worker, true)
    end
  end
  for place = self.waiting.first, self.waiting.last do
    local job = self.waiting.jobs[place]
    if job and job.is_checkout and job.caller.pid == pid then
      self:end_job(job, nil, failure(errors.CANCELED, "the borrower has ended"))
    end
  end
end

-- Starts workers until there are as many as there should be.
function manager:fill()
  while self.count < self.description.size and not self.ending do
    local worker, err = self:start_worker()
    if not worker then
      return self:finish(errors.wrap(err, "a worker cannot be started"))
    end
    self.idle[#self.idle + 1] = worker
  end
end

function manager:worker_ended(worker, result)
  -- Answers that it gave before count.
  self:read_inbox()
  self.workers[worker.pid] = nil
  if not worker.leaving then
    self.count = self.count - 1
  end
  for place, idle in ipairs(self.idle) do
    if idle == worker then
      table.remove(self.idle, place)
      break
    end
  end
  local job = worker.job
  if job then
    if job.is_checkout then
      self:end_checkout(job)
    end
    worker.job = nil
    self:crashed(job, result)
  elseif not worker.leaving and not self.crashes:allows(alarms.now()) then
    self:finish(failure(errors.INTERNAL, ("ends of workers without a job exceed max_restarts = %d within %s; the last: %s"):format(
      self.description.max_restarts, time.parse_duration(self.description.within .. "ns"),
      result.error or "it returned")))
  end
  if not self.ending then
    self:fill()
  end
end

function manager:note(event)
  local worker = self.workers[event.from]
  if loop.is_end(self, event, worker) then
    return
  elseif worker then
    self:worker_ended(worker, event.result)
  elseif self.borrowers[event.from] then
    self:borrower_ended(event.from)
  end
end

-- The requests, by name.
local handlers = loop.requests("pool")

function handlers:run(caller, value, options)
  local given, err = spec.job(options, self.description)
  if not given then
    return nil, err
  end
  self:add { caller = caller, value = value, timeout = given.timeout, retries = given.retries }
end

function handlers:checkout(caller, options)
  local given, err = spec.job(options, self.description)
  if not given then
    return nil, err
  end
  local watched
  watched, err = launch.monitor(caller.pid)
  if watched == false then
    return nil, failure(errors.CANCELED, "the borrower has ended")
  elseif not watched then
    return nil, err
  end
  self.borrowers[caller.pid] = (self.borrowers[caller.pid] or 0) + 1
  self:add { caller = caller, is_checkout = true, timeout = given.timeout, retries = 0 }
end

function handlers:checkin(_, pid)
  local worker = self.workers[pid]
  local job = worker and worker.job
  if not job or not job.is_checkout then
    return nil, failure(errors.NOT_FOUND, "worker is not checked out: " .. tostring(pid))
  end
  self:end_checkout(job)
  worker.job, job.worker, job.ended = nil, nil, true
  self:take_back(worker)
  return true
end

function handlers:status()
  return {
    size = self.description.size, workers = self.count, idle = #self.idle, busy = self.count - #self.idle,
    queued = self.waiting.count,
  }
end

-- A worker has done its job.
function manager:done(message)
  local worker = self.workers[message:from()]
  local number, is_result, answer = native.values(message)
  local job = worker and worker.job
  if not job or job.number ~= number then
    return -- its time was over
  elseif is_result then
    self:end_job(job, answer)
  else
    self:end_job(job, nil, answer)
  end
  self:take_back(worker)
end

function manager:answer(message)
  if message:topic() == "pool.done" then
    return self:done(message)
  end
  requests.answer(self, "pool", handlers, message)
end

-- Answers all that has come.
function manager:read_inbox()
  local message = self.inbox:receive(0)
  while message do
    self:answer(message)
    message = self.inbox:receive(0)
  end
end

-- Refuses what waits, and lets the workers end their jobs within their time.
function manager:shut_down()
  local function refuse(job)
    if not job.ended then
      self:end_job(job, nil, failure(errors.UNAVAILABLE, "the pool is ending"))
    end
  end
  for job in pairs(self.paused) do
    refuse(job)
  end
  local job = self.waiting:pop()
  while job do
    refuse(job)
    job = self.waiting:pop()
  end
  for _, worker in pairs(self.workers) do
    self:dismiss(worker)
  end
  while next(self.workers) do
    self:receive()
  end
end

-- Runs the pool to its end. Returns nil and an error if it fails.
function manager:run()
  self:fill()
  while not self.ending do
    local due = self.alarms:take()
    if due then
      due()
    else
      self:give_jobs()
      self:receive()
    end
  end
  self:shut_down()
  return loop.conclude(self, "pool")
end

return manager
