-- What attacks run under: starts the attack, keeps two bystanders talking until
-- it has ended, and says how both fared. Its arguments: "terminate" for attacks
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

-- One batch; returns its slowest round trip but one in a hundred, in microseconds.
local function batch()
  assert(process.send(ping, "batch", process.pid()))
  return (reports:receive())
end

local function worst_of(batches)
  local worst = 0
  for _ = 1, batches do worst = math.max(worst, batch()) end
  return worst
end

local quiet = worst_of(BATCHES)
print("ready")
go:receive()

local attack, refusal = process.spawn_monitored("app:attack", "app:attackers")
local during, ended = 0, nil
if attack then
  local batches = 0
  repeat
    during = math.max(during, batch())
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
during = math.max(during, worst_of(BATCHES))
print(("bystanders: p99 %d us quiet, %d us during the attack"):format(quiet, during))
process.terminate(ping)
process.terminate(pong)
print("over")
go:receive()
