-- Some processes take memory without end, all at once, while a pair of others
-- exchanges messages. Prints the reason each hog ended with, and that the pair
-- went on through all of it.

local events = process.events()
local echo = assert(process.spawn("app:echo", "app:processes"))
local echoed = process.listen("echoed")

local names = {}
for name in pairs(require("ways")) do
  local pid = assert(process.spawn_monitored("app:hog", "app:hogs", name))
  names[pid] = name
end

local trips = 0
while next(names) do
  trips = trips + 1
  assert(process.send(echo, "echo", trips))
  assert(echoed:receive() == trips)
  local got = channel.select { events:case_receive(), default = true }
  if not got.default then
    local event = got.value
    print(("%s: %s"):format(names[event.from], event.result.error or "ended without an error"))
    names[event.from] = nil
  end
end
assert(trips > 0)
print(("the others: %d round trips"):format(trips))
