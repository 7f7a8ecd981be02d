-- The children that a supervisor has: methods of the supervisor.

local failures = require("warren.server.failures")
local failure = failures.failure
local launch = require("warren.supervisor.launch")
local spec = require("warren.supervisor.spec")

local children = {}

-- Adds a child without a process, in the last place.
function children:add(child)
  self.added, self.count = self.added + 1, self.count + 1
  child.place, child.state, child.restarts = self.added, "stopped", 0
  self.by_id[child.id] = child
  return child
end

-- Cancels the restart of a child.
function children:forget_alarm(child)
  if child.alarm then
    self.alarms:remove(child.alarm)
    child.alarm = nil
  end
end

-- Removes a child without a process.
function children:remove(child)
  self:forget_alarm(child)
  self.by_id[child.id] = nil
  self.count = self.count - 1
  child.state = "removed"
end

-- Returns the children from a place on, in the order of their places.
function children:in_order(from)
  local list = {}
  for _, child in pairs(self.by_id) do
    if child.place >= (from or 1) then
      list[#list + 1] = child
    end
  end
  table.sort(list, function(a, b) return a.place < b.place end)
  return list
end

-- Returns the child of an id, if there is one. The end of its process is dealt with before:
-- the process that asks may know of it already.
function children:child_of(id)
  local child = self.by_id[id]
  -- A process that may not be monitored counts as alive: its end is known by its spawn.
  if child and child.pid and launch.monitor(child.pid) == false then
    while child.pid do
      self:note((self.events:receive()))
    end
    self:handle_end(child)
    return self.by_id[id]
  end
  return child
end

-- Returns the child of an id or a PID, if it is there and did not end meanwhile.
function children:find(key)
  local child = self.by_id[key] or self.by_pid[key]
  child = child and self:child_of(child.id)
  if child and (child.id == key or child.pid == key) then
    return child
  end
  return nil, failure(errors.NOT_FOUND, "child not found: " .. tostring(key))
end

-- Adds a child that `given` describes, and starts it. Returns its PID, or nil and an error.
function children:start_new(given)
  local description = self.description
  local child, err = spec.child(given, {
    template = description.template,
    backoff = description.backoff,
    id = description.strategy == "dynamic" and "#" .. self.added + 1 or nil,
  })
  if not child then
    return nil, err
  end
  local known = self:child_of(child.id)
  if known then
    local message = ("%s exists"):format(spec.named(child.id))
    return nil, failure(errors.ALREADY_EXISTS, message, { pid = known.pid })
  end
  if description.max_children and self.count >= description.max_children then
    local most = description.max_children
    local message = ("max_children: the supervisor has %d of %d children"):format(self.count, most)
    return nil, failures.at_limit("max_children", most, message)
  end
  self:add(child)
  local pid
  pid, err = self:start(child)
  if not pid then
    self:remove(child)
    return nil, err
  end
  return pid
end

return children
