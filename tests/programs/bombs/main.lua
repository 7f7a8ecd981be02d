-- Lets a bomb go off beside a process that answers, and prints how often it answered:
--
--     warren run tests/programs/bombs fork|memory|mailbox|crowd
--
-- Waits for a line of standard input before the bomb, and again when the bomb has all that
-- it gets. There is no manifest: the bomb shares its host with this process.
local bomb = ...

local refused, pongs = process.listen("refused"), process.listen("pong")
local pong = assert(process.spawn("app:pong"))

local answers, slowest = 0, 0
local function round_trip()
  local began = time.now()
  assert(process.send(pong, "ping", answers))
  assert(pongs:receive() == answers)
  answers, slowest = answers + 1, math.max(slowest, time.now():sub(began):milliseconds())
end

for _ = 1, 100 do round_trip() end
print("ready")
io.read()
answers, slowest = 0, 0
assert(process.spawn("app:" .. bomb, nil, process.pid()))
local limit
repeat
  round_trip()
  local chosen = channel.select { refused:case_receive(), default = true }
  limit = chosen.channel and chosen.value
until limit
for _ = 1, 100 do round_trip() end
print(("refused by %s"):format(limit))
print(("%d answers, the slowest after %d ms"):format(answers, slowest))
print("full")
io.read()
