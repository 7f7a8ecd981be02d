-- The life of a process that handles events, alarms and requests, one at a time, until it
-- ends its children and itself. Such a process, `self`, has `events`, `inbox` and `alarms`,
-- the methods `note` for an event and `answer` for a message, and `callers`: those who wait
-- for its end.

local native = ...
local failure = require("warren.server.failures").failure
local requests = require("warren.supervisor.requests")
local replies = require("warren.server.replies")

local loop = {}

-- Waits for what comes next, and takes note of an event or answers a request.
function loop.receive(self)
  local place, came = native.first(nil, self.events, self.alarms:channel(), self.inbox)
  if place == 1 then
    self:note(came)
  elseif place == 2 then
    self.alarms:note()
  else
    self:answer(came)
  end
end

-- Ends the process after its present step; with an error, as a failure.
function loop.finish(self, err)
  self.ending = self.ending or { error = err }
end

-- Takes note of an event that ends the process: a CANCEL, the end of its parent, or the
-- failure of a linked process. Returns false for any other event. `child` is the child that
-- the event is of, if there is one.
function loop.is_end(self, event, child)
  if event.kind == process.event.CANCEL then
    self:finish()
  elseif event.kind == process.event.LINK_DOWN then
    -- The EXIT of a child follows. Any other link is to the one that has started this
    -- process, which falls with it.
    if not child then
      self:finish(errors.wrap(event.result.cause, "linked process " .. event.from .. " failed"))
    end
  elseif not child and event.from == self.parent then
    self:finish()
  else
    return false
  end
  return true
end

-- Answers those who wait for the end, and refuses what has come since. Returns what the
-- process returns: nil and an error if it fails.
function loop.conclude(self, name)
  for _, to in ipairs(self.callers) do
    replies.reply(to, true)
  end
  local err = self.ending.error
  requests.refuse_all(self.inbox, err or failure(errors.UNAVAILABLE, "the " .. name .. " is ending"))
  if err then
    return nil, err
  end
end

-- Returns the requests that every process of such a kind handles.
function loop.requests(kind)
  local handlers = {}

  -- The process has started, or no request would be read. The answer tells its kind.
  function handlers:ready()
    return kind
  end

  -- As `ready`, of the process that has started this one, and with whose end it ends. The
  -- link is there before the answer: a failure that follows falls along it.
  function handlers:adopt(to)
    self.parent = to.pid
    local watched, err = process.link(self.parent)
    if watched then
      watched, err = process.monitor(self.parent)
    end
    if not watched then
      self:finish()
    end
    return watched, err
  end

  -- The answer is given at the end.
  function handlers:stop(to)
    table.insert(self.callers, to)
    self:finish()
  end

  return handlers
end

return loop
