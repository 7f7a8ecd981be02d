-- Pools: processes of which each does one job at a time, so many at once and no more.
--
--     -- worker.lua
--     return require("pool").worker(function(job)
--       return job.a + job.b
--     end)
--
--     -- main.lua
--     local pool = require("pool")
--     local adders = assert(pool.start { worker = "app:worker", size = 4, retries = 2 })
--     print(pool.run(adders, { a = 1, b = 2 }))

local native = ...
local first, values, told = native.first, native.values, native.told
local failures = require("warren.server.failures")
local launch = require("warren.supervisor.launch")
local given_options = require("warren.server.options")
local manager = require("warren.pool.manager")
local requests = require("warren.supervisor.requests")
local spec = require("warren.pool.spec")

local pool = {}

local OPTIONS <const> = { name = "string", host = "string" }
local OPTIONS_OF_A_CHILD <const> = { id = true, name = "string", host = "string" }

local DEFINITION <const> = "warren:pool"

local function request(name, options)
  return requests.to("pool", name, options)
end

-- The same of a request whose discarded error is told.
local function told_request(name, options)
  return told(request(name, options), "pool." .. name)
end

-- Starts a pool in a new process, linked to this one, with its workers.
local function start(description, options)
  local given, err = given_options.of_start("description", description, options, OPTIONS)
  if not given then
    return nil, err
  end
  local complete
  complete, err = spec.pool(description)
  if not complete then
    return nil, err
  end
  return launch.ready("pool", {
    definition = DEFINITION, args = { description, n = 1 }, host = given.host, name = given.name,
    description = description, described = "description",
  })
end

pool.start = told(start, "pool.start")

-- Describes a pool as a child of a supervisor.
function pool.child(description, options)
  if type(description) ~= "table" then
    failures.bad_argument(1, "child", "table", description)
  end
  local given, err = given_options.of(2, "child", options, OPTIONS_OF_A_CHILD)
  local complete = given
  if given then
    complete, err = spec.pool(description)
  end
  if not complete then
    error(err, 2)
  end
  return {
    id = given.id, definition = DEFINITION, args = { description }, host = given.host, name = given.name,
    ready = true, shutdown = "infinity",
  }
end

-- Does one job: what the function of a worker returns for it, a value, or nil and an
-- error. A job whose worker ends is tried again `retries` times.
pool.run = told_request("run", { arguments = { "job", "options" } })

-- Borrows a worker for this process alone, until `checkin` or its end.
pool.checkout = told_request("checkout", { arguments = { "options" } })
pool.checkin = told_request("checkin", { arguments = { "worker" }, required = 1, looks = true })

-- Returns the numbers of workers and jobs.
pool.status = request("status", { looks = true })

-- Stops a pool: jobs that wait are refused, those at work have their time to end.
pool.stop = told(request("stop", { ends = true }), "pool.stop", "stop")

-- Returns what a worker's file returns: a function that calls `work` with each job and
-- the worker's own arguments.
function pool.worker(work)
  return function(...)
    local events, jobs = process.events(), process.listen("pool.job", { message = true })
    while true do
      local place, came = first(nil, events, jobs)
      if place == 2 then
        local number, job = values(came)
        local from = came:from()
        local result, err = work(job, ...)
        local is_result = result ~= nil or err == nil
        if not is_result then
          result = type(err) == "string" and errors.new(err) or failures.structured(err)
        end
        local sent, refused = process.send(from, "pool.done", number, is_result, result)
        if not sent then
          process.send(from, "pool.done", number, false, refused)
        end
      elseif came.kind == process.event.CANCEL then
        return
      end
    end
  end
end

-- The program of a process of the definition `warren:pool`.
function pool.main(description)
  local complete, err = spec.pool(description)
  if not complete then
    return nil, err
  end
  return manager.new(complete):run()
end

return pool
