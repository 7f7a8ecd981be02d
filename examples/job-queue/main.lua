-- A queue of jobs: a supervised pool works through orders, tries again those that crash
-- their worker, and sets the poison ones aside.
--
--     warren run examples/job-queue 200

local pool = require("pool")
local supervisor = require("supervisor")

-- Jobs that this process has in the pool at once: less than the pool takes.
local AT_ONCE <const> = 32

-- Hands out the jobs and returns their ends: { job =, result = or err = }, in the order
-- of the jobs.
local function run_all(jobs)
  local ends, next_job, done = {}, 1, channel.new(AT_ONCE)
  local function hand_out()
    while next_job <= #jobs do
      local place = next_job
      next_job = next_job + 1
      local result, err = pool.run("orders", jobs[place])
      ends[place] = { job = jobs[place], result = result, err = err }
    end
    done:send(true)
  end
  for _ = 1, AT_ONCE do
    coroutine.spawn(hand_out)
  end
  for _ = 1, AT_ONCE do
    done:receive()
  end
  return ends
end

local function print_group(title, reason, group)
  if group[1] then
    print(("%s: %s\n  %s"):format(title, reason, table.concat(group, ", ")))
  end
end

return function(count)
  count = math.tointeger(count or 200)
  if not count or count < 1 then
    return nil, "usage: warren run examples/job-queue NUMBER-OF-JOBS"
  end

  -- The tally comes first: the workers need it, and end before it.
  local shop = assert(supervisor.start {
    strategy = "rest_for_one",
    children = {
      { definition = "app:tally", name = "tally" },
      pool.child({
        worker = "app:worker", size = 4, retries = 2,
        backoff = { initial_delay = "10ms", factor = 2, max_delay = "100ms" },
      }, { name = "orders" }),
    },
  })

  local jobs = {}
  for number = 1, count do
    jobs[number] = { number = number, goods = number % 20 ~= 0 and { "apple", "pear" } or {} }
  end

  local done, refused, poison = 0, {}, {}
  for _, one in ipairs(run_all(jobs)) do
    local name = "order " .. one.job.number
    if one.result then
      done = done + 1
    elseif errors.is(one.err, errors.INVALID) then
      refused[#refused + 1] = name
    else
      poison[#poison + 1] = name
    end
  end
  print(("%d jobs: %d done, %d refused, %d set aside"):format(count, done, #refused, #poison))
  print_group("refused", "an order without goods", refused)
  print_group("set aside", "the worker ended in each of 3 attempts", poison)
  assert(supervisor.stop(shop))
end
