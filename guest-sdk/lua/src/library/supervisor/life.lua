-- The start and the stop of a child: methods of its supervisor.

local native = ...
local note_spawns = native.note_spawns
local alarms = require("warren.supervisor.alarms")
local failures = require("warren.server.failures")
local failure = failures.failure
local launch = require("warren.supervisor.launch")
local new_uuid = require("uuid").v4

-- The time that a name has to become free, in nanoseconds.
local NAME_WAIT <const> = 5000000000

local life = {}

-- Waits for the end of the process that holds a child's name. Returns false if it is
-- no process that will end.
function life:await_name(err)
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

-- Calls the start function of a child. Returns its PID, and true if the supervisor monitors
-- that process from before it ran; or nil and an error.
local function call_start(child, args)
  local spawned = {}
  note_spawns(spawned)
  local returned, pid, err = xpcall(child.start, failures.structured, table.unpack(args, 1, args.n))
  note_spawns(nil)
  for other in pairs(spawned) do
    if not returned or other ~= pid then
      process.unmonitor(other)
    end
  end
  if not returned then
    return nil, pid
  elseif not pid and err ~= nil then
    return nil, failures.reason(err)
  elseif type(pid) ~= "string" or pid:byte() ~= 123 then
    return nil, failure(errors.INTERNAL, "its start function returned no PID: " .. tostring(pid))
  end
  return pid, spawned[pid]
end

-- Links to the process that a start function has returned, and monitors it. Returns the PID;
-- or nil and the error of a process that cannot be supervised, and is terminated.
local function take_on(pid, is_monitored)
  local done, err = is_monitored, nil
  if not done then
    done, err = process.monitor(pid)
  end
  if done then
    done, err = process.link(pid)
    -- The EXIT of a process that is not found follows.
    if done or errors.is(err, errors.NOT_FOUND) then
      return pid
    end
    process.unmonitor(pid)
  end
  process.terminate(pid)
  return nil, err
end

-- Starts the process of a child, linked and monitored. A server tells on a topic when it
-- has started.
function life:spawn(child, topic)
  local args = child.args
  if child.is_server then
    args = { n = args.n + 2, "server.start", { pid = process.pid(), topic = topic }, table.unpack(args, 1, args.n) }
  end
  if not child.start then
    return launch.child(child, args)
  end
  local pid, is_monitored = call_start(child, args)
  if not pid then
    return nil, is_monitored
  elseif self.by_pid[pid] then
    return nil, failure(errors.ALREADY_EXISTS, "the process is a child already: " .. pid, { pid = pid })
  end
  return take_on(pid, is_monitored)
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
function life:begin_stop(child)
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
function life:await_ready(child, replies)
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
function life:start(child)
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
function life:end_stop(child)
  while child.pid do
    self:note((self.events:receive()))
  end
  child.state, child.result = "stopped", nil
end

function life:stop(child)
  self:begin_stop(child)
  self:end_stop(child)
end

return life
