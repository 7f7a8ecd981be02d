-- process.groups: groups of processes under a name, and messages to all their members.

local native, groups = ...
local call, new_subscription = native.call, native.new_subscription
local public, wrong = native.public, native.bad_argument
local type, new_error = native.kept.type, native.kept.new_error

-- Raises for an argument of a wrong type. The runtime refuses one that is missing.
local function check(place, name, value)
  if value ~= nil and type(value) ~= "string" then
    wrong(place, name, "string", value)
  end
end

local function join(group, pid)
  check(1, "join", group)
  check(2, "join", pid)
  return call("groups.join", group, pid)
end

local function leave(group, pid)
  check(1, "leave", group)
  check(2, "leave", pid)
  return call("groups.leave", group, pid)
end

local function reader(name)
  return function(group)
    check(1, name, group)
    return call("groups." .. name, group)
  end
end

local function which_groups(prefix)
  check(1, "which_groups", prefix)
  return call("groups.names", prefix)
end

local function send(operation, group, topic, ...)
  local sent, err = call(operation, group, topic, ...)
  if not sent then
    return nil, err
  end
  local reached, missed = sent[1], sent[2]
  if missed == 0 then
    return reached
  end
  return reached, new_error {
    kind = "RateLimited", retryable = true,
    message = missed .. " of " .. reached + missed .. " members refused the message",
    details = { missed = missed, members = sent[3] },
  }
end

local function broadcast(group, topic, ...)
  check(1, "broadcast", group)
  check(2, "broadcast", topic)
  return send("groups.broadcast", group, topic, ...)
end

-- A subscription and what is there; or nil and an error.
local function begin(operation, ...)
  local begun, err = call(operation, ...)
  if not begun then
    return nil, err
  end
  return new_subscription(begun[1], "groups.close"), begun[2]
end

local function monitor(group)
  check(1, "monitor", group)
  return begin("groups.monitor", group)
end

-- For `pg`.
native.begin_monitor, native.broadcast = begin, send

groups.join, groups.leave = public(join, "process.groups.join"), public(leave, "process.groups.leave", "stop")
groups.members, groups.local_members = public(reader("members")), public(reader("local_members"))
groups.which_groups = public(which_groups)
groups.broadcast = public(broadcast, "process.groups.broadcast")
groups.monitor = public(monitor, "process.groups.monitor")
