-- The files that a process wrote and did not close, after each end.
-- shows: E-17, E-19
-- options: --write .
local events = process.events()

local function content(name)
  local file = assert(io.open(name))
  local text = file:read("a")
  file:close()
  assert(os.remove(name))
  return text
end

local function ended(pid)
  while true do
    local event = events:receive()
    if event.from == pid and event.kind == process.event.EXIT then
      return event.result
    end
  end
end

for _, write in ipairs { "handle", "output", "garbage", "waiting", "full" } do
  for _, how in ipairs { "return", "value", "error", "exit", "failing exit", "closing exit", "exit beside", "fail beside", "upgrade" } do
    local pid = assert(process.spawn_monitored("app:writer", "app:processes", write, how, "kept.txt"))
    local result = ended(pid)
    assert(content("kept.txt") == "one\ntwo", write .. ", " .. how)
    local fails = how == "error" or how:find("fail") ~= nil
    assert((result.error ~= nil) == fails, write .. ", " .. how .. ": " .. tostring(result.error))
  end
end

-- A process that waits has nothing to lose, but for what setvbuf keeps.
local ready = process.listen("ready")
for _, write in ipairs { "handle", "output", "garbage", "waiting", "full" } do
  local pid = assert(process.spawn_monitored("app:writer", "app:processes", write, "wait", "kept.txt"))
  assert(process.send(pid, "parent", process.pid()))
  ready:receive()
  assert(process.terminate(pid))
  ended(pid)
  assert(content("kept.txt") == (write == "full" and "" or "one\ntwo"), write)

  local first = assert(process.spawn_monitored("app:writer", "app:processes", write, "wait", "kept.txt"))
  assert(process.send(first, "parent", process.pid()))
  ready:receive()
  local second = assert(process.spawn_monitored("app:falls", "app:processes", first))
  ended(second)
  assert(ended(first).error:find("linked process failed"))
  assert(content("kept.txt") == (write == "full" and "" or "one\ntwo"), write)
end
