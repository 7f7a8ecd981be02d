-- Measures two processes in a host of their own, alone and then beside an attack in another
-- host. Called with the milliseconds of a phase. Prints nanoseconds that 99 of 100 round
-- trips do not exceed, of both phases.
local length = tonumber((...)) .. "ms"

local events, reports = process.events(), process.listen("report")
process.registry.register("warden")
local pong = assert(process.spawn("app:bystander", "app:bystanders", "pong"))
local ping = assert(process.spawn("app:bystander", "app:bystanders", "ping", pong))

local function begin() assert(process.send(ping, "phase")) end

local function finish()
  assert(process.send(ping, "phase"))
  return reports:receive()
end

local function quiet()
  begin()
  time.sleep(length)
  return finish()
end

-- The first phase warms up.
quiet()
local alone = quiet()
begin()
local attack = process.spawn_monitored("app:attack", "app:attackers")
if attack then
  channel.select { events:case_receive(), time.after(length):case_receive() }
  -- It may have ended.
  local _ = process.terminate(attack)
end
-- The processes that an attack left behind are a part of it.
print(("p99: %d %d"):format(alone, finish()))
