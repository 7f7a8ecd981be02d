-- The first process of each attack: starts the attack, keeps two bystanders talking
-- until it has ended, and reports on both. Its arguments: "terminate" for attacks
-- that go on until they are ended.
local how = ...

-- Batches of round trips that the bystanders make while an attack goes on that
-- has no end of its own.
local BATCHES = 20

local events = process.events()
local go = process.listen("go")
local reports = process.listen("report")
process.registry.register("warden")

local pong = assert(process.spawn("app:bystander", "app:bystanders", "pong"))
local ping = assert(process.spawn("app:bystander", "app:bystanders", "ping", pong))

-- Sleeps that a phase keeps. The warden's memory counts at the end, and must not grow with
-- the time that an attack takes.
local SAMPLES = 1000

-- Adds how late a sleep ended. A phase keeps a random sample of all of them, by Vitter's
-- algorithm R.
local function add(phase, late)
  phase.sleeps = phase.sleeps + 1
  local place = phase.sleeps <= SAMPLES and phase.sleeps or math.random(phase.sleeps)
  if place <= SAMPLES then phase.late[place] = late end
end

-- Has one batch made, and adds it to a phase: `worst`, the slowest round trip but one in
-- a hundred; `late`, how late sleeps ended. Both in microseconds.
local function batch(phase)
  assert(process.send(ping, "batch", process.pid()))
  local report = reports:receive()
  phase.worst = math.max(phase.worst, report.took)
  for _, late in ipairs(report.late) do add(phase, late) end
end

local function begin() return { worst = 0, sleeps = 0, late = {} } end

local function phase_of(batches)
  local phase = begin()
  for _ = 1, batches do batch(phase) end
  return phase
end

local function median_lateness(phase)
  table.sort(phase.late)
  return phase.late[#phase.late // 2 + 1] or 0
end

local quiet = phase_of(BATCHES)
print("ready")
go:receive()

local attack, refusal = process.spawn_monitored("app:attack", "app:attackers")
local during, ended = begin(), nil
if attack then
  local batches = 0
  repeat
    batch(during)
    batches = batches + 1
    if how == "terminate" and batches == BATCHES then process.terminate(attack) end
    local chosen = channel.select { events:case_receive(), default = true }
    ended = chosen.channel and chosen.value
  until ended
  local cause = ended.result.cause
  if ended.result.error == nil then
    print("end: returned")
  elseif cause:kind() == errors.CANCELED then
    print("end: terminated")
  else
    print("end: failed " .. cause:kind())
  end
  if ended.result.error then print("error: " .. json.encode(ended.result.error)) end
else
  print("end: refused " .. refusal:kind())
  print("error: " .. json.encode(refusal:message()))
end
local after = phase_of(BATCHES)
local worst = math.max(during.worst, after.worst)
print(("bystanders: p99 %d us quiet, %d us during the attack"):format(quiet.worst, worst))
-- Read by the suite. The attack may have left processes that go on: what follows its end
-- counts by itself.
local late = math.max(median_lateness(during), median_lateness(after))
print(("lateness: %d %d"):format(median_lateness(quiet), late))
process.terminate(ping)
process.terminate(pong)
print("over")
go:receive()
-- Ends the program even if it has consumers of queues.
os.exit(0)
