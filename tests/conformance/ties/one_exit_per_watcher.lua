-- Watching twice gives one EXIT; `unmonitor` takes back what was queued too;
-- both are `true` for what is watched, or not.
-- shows: L-4, L-5, L-9, L-10, L-11
local role = ...
if role == "child" then
  process.inbox():receive()
  return
end

local events = process.events()
local me = process.pid()
local child = assert(process.spawn_monitored("app:one_exit_per_watcher", "app:processes", "child"))
assert(process.monitor(child) == true and process.monitor(child) == true)
process.send(child, "end")
assert(events:receive().from == child)
assert(channel.select { events:case_receive(), default = true }.default, "only one EXIT")

local value, err = process.monitor(child)
assert(value == nil and errors.is(err, errors.NOT_FOUND), "it is dead")
value, err = process.monitor(me)
assert(value == nil and errors.is(err, errors.INVALID), "nobody watches itself")

child = assert(process.spawn_monitored("app:one_exit_per_watcher", "app:processes", "child"))
assert(process.unmonitor(child) == true and process.unmonitor(child) == true)
local other = assert(process.spawn_monitored("app:one_exit_per_watcher", "app:processes", "child"))
assert(process.terminate(child) and process.terminate(other))
assert(events:receive().from == other, "the first is not watched any more")
assert(channel.select { events:case_receive(), default = true }.default)
