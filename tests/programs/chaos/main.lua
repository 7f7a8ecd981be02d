-- Kills processes of a tree at random, and looks at the tree after each burst: it is
-- whole, nothing runs twice, every name is its process's, and the memory of every
-- supervisor is flat.
--
--     warren run tests/programs/chaos SEED KILLS [pause]
--
-- With `pause` it prints the number of kills after half of them and after all, while
-- nothing happens, and waits for a line of standard input.
--
-- No second passes: the supervisors' clocks stand still until this process tells them
-- the time.

local supervisor = require("supervisor")

local BURST <const> = 250
local SECOND <const> = 1000000000

local seed, kills, pauses = ...
seed, kills = math.tointeger(seed), math.tointeger(kills)
math.randomseed(seed)

local me = process.pid()
local events, born, memory = process.events(), process.listen("born", { message = true }), process.listen("memory")

-- The tree: 4 supervisors with 3 each, and 183 workers below those; 199 and the root.
local places = {} -- of all but the root

local function is_worker(place)
  return place:find("%..*%.") ~= nil
end

local function worker(place, number)
  places[#places + 1] = place
  return {
    id = place, definition = "app:worker", args = { me, place },
    name = number % 2 == 0 and place or nil,
    restart = "permanent",
    backoff = number % 5 == 0 and { initial_delay = "100ms", max_delay = "1s", jitter = 0.5 } or nil,
  }
end

local function below(place, description)
  places[#places + 1] = place
  return { id = place, name = place, supervisor = "app:tree", args = { description } }
end

local function leaf(place, number)
  local description = {
    strategy = number % 6 == 0 and "one_for_all" or number % 6 == 3 and "rest_for_one" or "one_for_one",
    max_restarts = 30, within = "5s", children = {},
  }
  for i = 1, number <= 3 and 16 or 15 do
    description.children[i] = worker(place .. "." .. i, i)
  end
  return below(place, description)
end

local function branch(place, number)
  local description = { max_restarts = 30, within = "5s", children = {} }
  for i = 1, 3 do
    description.children[i] = leaf(place .. "." .. i, 3 * (number - 1) + i)
  end
  return below(place, description)
end

-- No number of restarts ends the root.
local root = { max_restarts = math.huge, children = {} }
for i = 1, 4 do
  root.children[i] = branch(tostring(i), i)
end
assert(#places == 199)

-- The workers that live, as they and their ends tell: PIDs by place.
local living, place_of = {}, {}

local function note_born(message)
  local place, pid = message:payload(), message:from()
  if process.monitor(pid) then
    living[place] = living[place] or {}
    living[place][pid], place_of[pid] = true, place
  end
end

local function note_end(event)
  local place = place_of[event.from]
  if place then
    living[place][event.from], place_of[event.from] = nil, nil
  end
end

local function drain()
  repeat
    local got = channel.select { events:case_receive(), born:case_receive(), default = true }
    if got.channel == born then
      note_born(got.value)
    elseif got.channel == events then
      note_end(got.value)
    end
  until got.default
end

-- Asks the supervisors for the tree: PIDs by place. Returns also the first reason why
-- the tree is not whole. A stopped child is started again.
local function look(pids, sup, wrong)
  local children = supervisor.children(sup)
  if not children then
    return pids, wrong or sup .. " does not answer"
  end
  for _, child in ipairs(children) do
    pids[child.id] = child.pid
    if child.state == "stopped" then
      supervisor.restart_child(sup, child.id)
    end
    if child.state ~= "running" or not process.monitor(child.pid) then
      wrong = wrong or child.id .. " is " .. child.state
    elseif child.kind == "supervisor" then
      pids, wrong = look(pids, child.pid, wrong)
    end
  end
  return pids, wrong
end

-- The first reason why the tree is not as it should be.
local function check(pids)
  for _, place in ipairs(places) do
    if not pids[place] then
      return place .. " is missing"
    elseif is_worker(place) then
      local count = 0
      for pid in pairs(living[place] or {}) do
        count = count + 1
        if pid ~= pids[place] then
          return ("%s runs as %s beside %s"):format(place, pid, pids[place])
        end
      end
      if count == 0 then
        return place .. " has not begun"
      end
    end
    local held = process.registry.lookup(place)
    local number = math.tointeger(place:match("%.%d+%.(%d+)$"))
    local named = not number or number % 2 == 0
    if held ~= (named and pids[place] or nil) then
      return ("the name %s is of %s, not of %s"):format(place, held, named and pids[place] or "nobody")
    end
  end
end

local now = 0

-- Tells a supervisor the time. Returns the bytes that it holds.
local function bytes_of(sup)
  assert(process.send(sup, "clock", now, true))
  return (memory:receive())
end

-- Returns the bytes that the supervisor with the most of them holds, but for the root.
local function most_bytes(pids)
  local most = 0
  for _, place in ipairs(places) do
    most = is_worker(place) and most or math.max(most, bytes_of(pids[place]))
  end
  return most
end

-- Lets time pass until the tree is as it should be. Returns its PIDs, the bytes that the
-- root holds, and the most that another supervisor holds.
local function quiet(top)
  local pids, wrong, bytes
  for _ = 1, 1000 do
    now = now + SECOND
    bytes = bytes_of(top)
    for _, place in ipairs(places) do
      if not is_worker(place) then
        -- One that is being started again hears of the next time.
        local _ = process.send(place, "clock", now)
      end
    end
    pids, wrong = look({}, top)
    drain()
    wrong = wrong or check(pids)
    if not wrong then
      return pids, bytes, most_bytes(pids)
    end
  end
  error(("seed %d: the tree does not recover: %s"):format(seed, wrong), 0)
end

-- Lets the one who has started this program look at it while nothing happens.
local function pause(killed)
  if pauses then
    print(("%d kills"):format(killed))
    io.read()
  end
end

-- Bytes by which a supervisor may grow after the first kills.
local ROOM <const> = 65536

local function check_flat(who, bytes, before, killed)
  if bytes > before + ROOM then
    local message = "seed %d: %s holds %d bytes after %d kills, and held %d"
    error(message:format(seed, who, bytes, killed, before), 0)
  end
end

local top = assert(process.spawn_linked_monitored("app:tree", nil, root))
local pids, before, most_before = quiet(top)
local killed, ways = 0, { 0, 0, 0, 0 }
while killed < kills do
  local rest, misses = math.min(BURST, kills - killed), 0
  while rest > 0 do
    local place = places[math.random(#places)]
    local pid, way = pids[place] or "", math.random(4)
    local hit
    if way == 1 and is_worker(place) then
      hit = process.send(pid, "crash")
    elseif way == 2 then
      hit = process.cancel(pid)
    elseif way == 3 and is_worker(place) then
      -- A request to stop crosses the end.
      hit = process.terminate(pid)
      if hit then
        local _ = supervisor.stop_child(place:match("(.*)%."), place)
      end
    else
      way = 4
      hit = process.terminate(pid)
    end
    if hit then
      ways[way], killed, rest = ways[way] + 1, killed + 1, rest - 1
    else
      misses = misses + 1
    end
    if misses == 20 or hit and rest % 50 == 0 then
      pids, misses = look({}, top), 0
    end
  end
  local bytes, most
  pids, bytes, most = quiet(top)
  -- Lua would keep garbage until it has as much as before: this process is to grow no more
  -- than what it starts.
  collectgarbage()
  if killed == BURST * 5 then
    before, most_before = bytes, most
  elseif killed > BURST * 5 then
    check_flat("the root", bytes, before, killed)
    check_flat("a supervisor", most, most_before, killed)
  end
  if killed == kills // (2 * BURST) * BURST then
    pause(killed)
  end
end
pause(killed)
print(("%d kills (%s)"):format(killed, table.concat(ways, ", ")))
