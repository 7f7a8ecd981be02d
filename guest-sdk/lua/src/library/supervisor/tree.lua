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
local failures = require("warren.server.failures")
local failure = failures.failure
local launch = require("warren.supervisor.launch")
local loop = require("warren.supervisor.loop")
local requests = require("warren.supervisor.requests")
local restarts = require("warren.supervisor.restarts")
local spec = require("warren.supervisor.spec")
local new_uuid = require("uuid").v4

local tree = {}
tree.__index = tree

-- The time that a name has to become free, in nanoseconds.
local NAME_WAIT <const> = 5000000000

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

function tree:add(child)
  self.added, self.count = self.added + 1, self.count + 1
  child.place, child.state, child.restarts = self.added, "stopped", 0
  self.by_id[child.id] = child
  return child
end

-- Cancels the restart of a child.
function tree:forget_alarm(child)
  if child.alarm then
    self.alarms:remove(child.alarm)
    child.alarm = nil
  end
end

function tree:remove(child)
  self:forget_alarm(child)
  self.by_id[child.id] = nil
  self.count = self.count - 1
  child.state = "removed"
end

-- Returns the children from a place on, in the order of their places.
function tree:in_order(from)
  local list = {}
  for _, child in pairs(self.by_id) do
    if child.place >= (from or 1) then
      list[#list + 1] = child
    end
  end
  table.sort(list, function(a, b) return a.place < b.place end)
  return list
end

tree.finish, tree.receive = loop.finish, loop.receive

-- Takes note of an event. It changes no child but the one that has ended.
function tree:note(event)
  local child = self.by_pid[event.from]
  if event.kind == process.event.CANCEL then
    self:finish()
  elseif event.kind == process.event.LINK_DOWN then
    -- The EXIT of a child follows. Any other link is to the one that has started this
    -- supervisor, and falls with it.
    if not child then
      self:finish(errors.wrap(event.result.cause, "linked process " .. event.from .. " failed"))
    end
  elseif child then
    self.by_pid[event.from] = nil
    child.pid, child.state, child.result = nil, "ended", event.result
    self.last = self.last + 1
    self.ended[self.last] = child
  elseif event.from == self.parent then
    self:finish()
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

-- Waits for the end of the process that holds a child's name. Returns false if it is
-- no process that will end.
function tree:await_name(err)
  local details = err:details()
  local holder = details and details.pid
  if not holder or holder == process.pid() or self.by_pid[holder] then
    return false
  end
  local watched = launch.monitor(holder)
  if watched == false then
    -- It has ended, and gives its names back just now.
    time.sleep("1ms")
    return true
  elseif not watched then
    return false
  end
  self.holder = holder
  local alarm = time.timer(NAME_WAIT)
  while self.holder and not self.ending do
    local got = channel.select { self.events:case_receive(), alarm:channel():case_receive() }
    if got.channel ~= self.events then
      break
    end
    self:note(got.value)
  end
  alarm:stop()
  local ended = self.holder == nil
  self.holder = nil
  if not ended then
    process.unmonitor(holder)
  end
  return ended
end

-- Starts the process of a child, linked and monitored. A server tells on a topic when it
-- has started.
function tree:spawn(child, topic)
  local args = child.args
  if child.is_server then
    args = { n = args.n + 2, "server.start", { pid = process.pid(), topic = topic }, table.unpack(args, 1, args.n) }
  end
  if not child.start then
    return launch.child(child, args)
  end
  local returned, pid, err = xpcall(child.start, failures.structured, table.unpack(args, 1, args.n))
  if not returned then
    return nil, pid
  elseif not pid and err ~= nil then
    return nil, failures.reason(err)
  elseif type(pid) ~= "string" or pid:byte() ~= 123 then
    return nil, failure(errors.INTERNAL, "its start function returned no PID: " .. tostring(pid))
  elseif self.by_pid[pid] then
    return nil, failure(errors.ALREADY_EXISTS, "the process is a child already: " .. pid, { pid = pid })
  end
  local watched
  watched, err = process.monitor(pid)
  if watched then
    watched, err = process.link(pid)
  end
  return watched and pid, err
end

-- Asks a process to end; the runtime sees to the deadline.
local function ask_to_end(pid, shutdown)
  if shutdown == "kill" then
    return process.terminate(pid)
  elseif shutdown == "infinity" then
    return process.cancel(pid)
  end
  return process.cancel(pid, shutdown .. "ns")
end

-- Begins to stop a child.
function tree:begin_stop(child)
  self:forget_alarm(child)
  if child.state == "running" then
    child.state = "stopping"
    local asked, err = ask_to_end(child.pid, child.shutdown)
    -- One that is not found has ended, and its EXIT will be read.
    if not asked and not errors.is(err, errors.NOT_FOUND) and not process.terminate(child.pid) then
      logger:error("a child cannot be stopped", { child = child.id, pid = child.pid, error = err })
      process.unlink(child.pid)
      process.unmonitor(child.pid)
      self.by_pid[child.pid] = nil
      child.pid = nil
    end
  end
end

-- Asks a child to answer on a topic when it is ready. Returns the error if it cannot be asked.
local function ask_ready(child, topic)
  local sent, err = process.send(child.pid, "call", topic, { n = 1, "ready" })
  -- The EXIT of a child that has ended follows.
  if not sent and not errors.is(err, errors.NOT_FOUND) then
    return err
  end
end

-- Returns the error that an answer of a child is; nothing if the child is ready.
local function refusal(answer)
  if type(answer) ~= "table" or type(answer[1]) ~= "boolean" then
    return failure(errors.INTERNAL, "its answer to the request 'ready' is neither a reply nor a refusal")
  elseif not answer[1] then
    return failures.reason(answer[2]) or failure(errors.INTERNAL, "it refused to start, without an error")
  end
end

-- Waits until a child has answered that it has started, or has ended. Returns the error
-- if it did not start; then its process has ended.
function tree:await_ready(child, replies)
  local answered, err = false, nil
  while child.pid and not answered and not self.ending do
    local got = channel.select { replies:case_receive(), self.events:case_receive() }
    if got.channel == replies then
      answered, err = true, refusal(got.value)
    else
      self:note(got.value)
    end
  end
  if not answered then
    -- Beside other coroutines the EXIT may be read before an answer that came earlier.
    local got = channel.select({ replies:case_receive() }, true)
    if not got.default then
      answered, err = true, refusal(got.value)
    end
  end
  if self.ending or answered and not err then
    return nil
  end
  -- A child that has refused may go on, or take its time.
  self:begin_stop(child)
  while child.pid do
    self:note((self.events:receive()))
  end
  local result = child.result
  return err or result and result.cause or failure(errors.UNAVAILABLE, "it has ended at once")
end

-- Starts a child that has no process. Returns its PID, or nil and an error.
function tree:start(child)
  -- A start that fails is no beginning of a run.
  child.state, child.started = "starting", nil
  self:forget_alarm(child)
  local replies, topic
  if child.ready then
    -- A secret: a process that knows the topic can answer for the child.
    topic = "supervisor.ready#" .. new_uuid()
    replies = assert(process.listen(topic))
  end
  local pid, err = self:spawn(child, topic)
  while not pid and child.name and errors.is(err, errors.ALREADY_EXISTS) and self:await_name(err) do
    pid, err = self:spawn(child, topic)
  end
  if pid then
    child.pid, child.state = pid, "running"
    self.by_pid[pid] = child
    if child.ready then
      err = not child.is_server and ask_ready(child, topic) or nil
      if err then
        self:stop(child)
      else
        err = self:await_ready(child, replies)
      end
      pid = not err and pid or nil
    end
  end
  if replies then
    process.unlisten(replies)
  end
  if not pid then
    child.state, child.result = "stopped", nil
    return nil, err
  end
  child.started = alarms.now()
  return pid
end

-- Waits until a child that is being stopped has ended.
function tree:end_stop(child)
  while child.pid do
    self:note((self.events:receive()))
  end
  child.state, child.result = "stopped", nil
end

function tree:stop(child)
  self:begin_stop(child)
  self:end_stop(child)
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

-- The requests, by name.
local handlers = loop.requests("supervisor")
for name, handle in pairs(require("warren.supervisor.keys")) do
  handlers[name] = handle
end

function tree:answer(message)
  requests.answer(self, "supervisor", handlers, message)
end

-- Returns the child of an id, if there is one. The end of its process is dealt with before:
-- the process that asks may know of it already.
function tree:child_of(id)
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
function tree:find(key)
  local child = self.by_id[key] or self.by_pid[key]
  child = child and self:child_of(child.id)
  if child and (child.id == key or child.pid == key) then
    return child
  end
  return nil, failure(errors.NOT_FOUND, "child not found: " .. tostring(key))
end

-- Adds a child that `given` describes, and starts it. Returns its PID, or nil and an error.
function tree:start_new(given)
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

function handlers:start_child(_, given)
  return self:start_new(given)
end

function handlers:stop_child(_, key)
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

function handlers:restart_child(_, key)
  local child, err = stopped(self, key)
  if not child then
    return nil, err
  end
  return self:start(child)
end

function handlers:delete_child(_, key)
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

function handlers:find(_, key)
  local child, err = self:find(key)
  return child and shown(child), err
end

function handlers:children()
  local list = self:in_order()
  for place, child in ipairs(list) do
    list[place] = shown(child)
  end
  return list
end

function handlers:count()
  local counts = { children = 0, running = 0, waiting = 0, stopped = 0 }
  for _, child in pairs(self.by_id) do
    counts.children = counts.children + 1
    -- One that has just ended is not running any more.
    local state = counts[child.state] and child.state or "waiting"
    counts[state] = counts[state] + 1
  end
  return counts
end

return tree
