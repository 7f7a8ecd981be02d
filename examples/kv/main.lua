-- A node of the service. `serve` runs until it is killed; `check 3 2 3` writes and reads keys
-- while the cluster has 3 nodes, then 2, then 3.

local kv = require("kv")

local KEYS <const> = 64
local WORKERS <const> = 16

local part = ...
local phases = { select(2, ...) }

if part == "serve" then
  print("node " .. process.node() .. " is up")
  return  -- the service of the manifest goes on
end

-- The last value of each key that the service has confirmed.
local confirmed = {}

-- Reads a key, and writes the next value.
local function check(key)
  local value, err = kv.get(key)
  assert(not err, err)
  assert(value == confirmed[key], ("%s is %s, and not %s"):format(key, value, confirmed[key]))
  local next_value = (value or 0) + 1
  assert(kv.put(key, next_value))
  confirmed[key] = next_value
end

local function check_all()
  local done = channel.new(WORKERS)
  for worker = 1, WORKERS do
    coroutine.spawn(function()
      for n = worker, KEYS, WORKERS do
        check("key-" .. n)
      end
      done:send(true)
    end)
  end
  for _ = 1, WORKERS do
    done:receive()
  end
end

-- Returns true once each shard has its processes on so many nodes, as this node sees them.
local function has_nodes(count)
  for shard = 1, kv.SHARDS do
    if #kv.view(shard).members ~= count then
      return false
    end
  end
  return true
end

-- Works all the time, so that nodes come and go in the middle of requests.
for _, nodes in ipairs(phases) do
  repeat
    local had_nodes = has_nodes(tonumber(nodes))
    check_all()
  until had_nodes
  print(KEYS .. " keys are right on " .. nodes .. " nodes")
end

os.exit(0)  -- ends the service, too
