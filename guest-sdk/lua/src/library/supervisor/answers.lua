-- The requests of a supervisor: children by their ids or PIDs.

local failure = require("warren.server.failures").failure
local spec = require("warren.supervisor.spec")

local answers = {}

function answers:start_child(_, given)
  return self:start_new(given)
end

function answers:stop_child(_, key)
  local child, err = self:find(key)
  if not child then
    return nil, err
  end
  self:stop(child)
  if child.restart == "temporary" or self.description.strategy == "dynamic" then
    self:remove(child)
  end
  return true
end

-- Returns a child without a process and without a restart to come.
local function stopped(self, key)
  local child, err = self:find(key)
  if not child then
    return nil, err
  elseif child.state ~= "stopped" then
    return nil, failure(errors.CONFLICT, ("%s is not stopped: it is %s"):format(spec.named(child.id), child.state))
  end
  return child
end

function answers:restart_child(_, key)
  local child, err = stopped(self, key)
  if not child then
    return nil, err
  end
  return self:start(child)
end

function answers:delete_child(_, key)
  local child, err = stopped(self, key)
  if not child then
    return nil, err
  end
  self:remove(child)
  return true
end

-- A child as others see it.
local function shown(child)
  return {
    id = child.id, pid = child.pid, name = child.name, kind = child.kind, state = child.state,
    restarts = child.restarts,
  }
end

function answers:find(_, key)
  local child, err = self:find(key)
  return child and shown(child), err
end

function answers:children()
  local list = self:in_order()
  for place, child in ipairs(list) do
    list[place] = shown(child)
  end
  return list
end

function answers:count()
  local counts = { children = 0, running = 0, waiting = 0, stopped = 0 }
  for _, child in pairs(self.by_id) do
    counts.children = counts.children + 1
    -- One that has just ended is not running any more.
    local state = counts[child.state] and child.state or "waiting"
    counts[state] = counts[state] + 1
  end
  return counts
end

return answers
