-- A supervisor at work: one loop that reads the ends of its children, starts those
-- whose time has come, and answers requests. Ends go before requests.
--
-- A child is in one of these states:
--
--     starting --> running --> ended --> waiting --> starting
--                     |                     |
--                     '--> stopping --> stopped
--
-- `ended` is between the EXIT and the decision what to do about it, `waiting` is before
-- a restart. Only `start` leads to `running`, and only from a state without a process;
-- only the EXIT of its process leads away from there. So no child runs twice.

local alarms = require("warren.supervisor.alarms")
local failure = require("warren.server.failures").failure
local loop = require("warren.supervisor.loop")
local requests = require("warren.supervisor.requests")
local restarts = require("warren.supervisor.restarts")
local spec = require("warren.supervisor.spec")

local tree = {}
tree.__index = tree

-- The methods of a supervisor that other modules have. In parentheses, `require` has one
-- result.
for _, methods in ipairs { require("warren.supervisor.children"), (require("warren.supervisor.life")) } do
  for name, method in pairs(methods) do
    tree[name] = method
  end
end

tree.finish, tree.receive = loop.finish, loop.receive

-- The requests, by name.
local handlers = loop.requests("supervisor")
for _, module in ipairs { require("warren.supervisor.answers"), (require("warren.supervisor.keys")) } do
  for name, handle in pairs(module) do
    handlers[name] = handle
  end
end

-- Returns a supervisor of a complete description, before its start.
function tree.new(description)
  assert(process.set_options { trap_links = true })
  local self = setmetatable({
    description = description,
    intensity = restarts.intensity(description.max_restarts, description.within),
    by_id = {},  -- all children
    by_pid = {}, -- those with a process
    ended = {}, first = 1, last = 0, -- a queue: children whose EXIT was read
    alarms = alarms.new(), -- children that will start again
    count = 0, -- the number of all children
    added = 0, -- the number of children ever added; each knows its place
    events = process.events(),
    inbox = process.inbox(),
    callers = {}, -- that wait for the end of the supervisor
  }, tree)
  for _, child in ipairs(description.children) do
    self:add(child)
  end
  return self
end

-- Takes note of an event. It changes no child but the one that has ended.
function tree:note(event)
  local child = self.by_pid[event.from]
  if loop.is_end(self, event, child) then
    return
  elseif child then
    self.by_pid[event.from] = nil
    child.pid, child.state, child.result = nil, "ended", event.result
    self.last = self.last + 1
    self.ended[self.last] = child
  elseif event.from == self.holder then
    self.holder = nil
  end
end

-- Returns the oldest child that has ended and was not dealt with.
function tree:next_ended()
  while self.first <= self.last do
    local child = self.ended[self.first]
    self.ended[self.first] = nil
    self.first = self.first + 1
    -- It may have been stopped meanwhile, as one of a group.
    if child.state == "ended" then
      return child
    end
  end
end

function tree:answer(message)
  requests.answer(self, "supervisor", handlers, message)
end

-- Returns the children that start again with this one, in order: the child itself, and
-- others if they run or will run.
function tree:group_of(child)
  local strategy = self.description.strategy
  if strategy == "one_for_one" or strategy == "dynamic" then
    return { child }
  end
  local group = {}
  for _, other in ipairs(self:in_order(strategy == "rest_for_one" and child.place or 1)) do
    if other == child or other.state ~= "stopped" then
      group[#group + 1] = other
    end
  end
  return group
end

-- Prepares a restart of a child that has ended or could not start, and of its group.
function tree:restart(child, err)
  local at = alarms.now()
  if not self.intensity:allows(at) then
    local description = self.description
    return self:finish(failure(errors.INTERNAL, ("restarts exceed max_restarts = %d within %s; the last was of %s: %s"):format(
      description.max_restarts, time.parse_duration(description.within .. "ns"), spec.named(child.id), err or "it ended"
    ), { child = child.id }))
  end
  child.restarts = child.restarts + 1
  local group = self:group_of(child)
  for place = #group, 1, -1 do
    self:stop(group[place])
  end
  local due = at + restarts.delay(child, at)
  for _, other in ipairs(group) do
    if other ~= child and other.restart == "temporary" then
      self:remove(other)
    else
      other.state, other.alarm = "waiting", self.alarms:add(due, other)
    end
  end
end

-- Decides on a child that has ended by itself.
function tree:handle_end(child)
  local result = child.result
  child.result = nil
  if child.restart == "permanent" or child.restart == "transient" and result.error then
    self:restart(child, result.cause)
  elseif child.restart == "temporary" or self.description.strategy == "dynamic" then
    self:remove(child)
  else
    child.state = "stopped"
  end
end

-- Starts a child that waits for its restart; a start that fails counts as a restart. Returns
-- the PID, or nil and an error.
function tree:start_again(child)
  local pid, err = self:start(child)
  if not pid and not self.ending then
    self:restart(child, err)
  end
  return pid, err
end

-- Starts the next child that is due. Returns false if there is none.
function tree:start_next()
  local child = self.alarms:take()
  if not child then
    return false
  end
  self:start_again(child)
  return true
end

-- Stops all children, the last first; those of strategy `dynamic` all at once.
function tree:shut_down()
  local children = self:in_order()
  local at_once = self.description.strategy == "dynamic"
  for place = #children, 1, -1 do
    self:begin_stop(children[place])
    if not at_once then
      self:end_stop(children[place])
    end
  end
  for _, child in ipairs(children) do
    self:end_stop(child)
  end
end

-- Runs the supervisor to its end. Returns nil and an error if it fails.
function tree:run()
  for _, child in ipairs(self:in_order()) do
    local pid, err = self:start(child)
    if not pid then
      self:finish(errors.wrap(err, spec.named(child.id) .. " did not start"))
    end
    if self.ending then
      break
    end
  end
  while not self.ending do
    local child = self:next_ended()
    if child then
      self:handle_end(child)
    elseif not self:start_next() then
      self:receive()
    end
  end
  self:shut_down()
  return loop.conclude(self, "supervisor")
end

return tree
