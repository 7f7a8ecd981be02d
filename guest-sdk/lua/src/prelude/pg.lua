-- pg: views of the groups whose names begin with an id.

local native, pg = ...
local call, object, state, public = native.call, native.object, native.state, native.public
local wrong = native.bad_argument
local kept = native.kept
local type, next, invalid, find = kept.type, kept.next, kept.invalid, kept.find
-- A look at what is not there fills `process.groups`, whatever the program has put there.
local _ = native.groups[""]
local broadcast, begin = native.broadcast, native.begin_monitor

-- The most bytes of an id: the slash and a group of one byte complete the longest name.
local MOST = 1022

local class = { __name = "pg", __metatable = "pg" }
local methods = {}
class.__index = methods

local function self_of(g, name)
  local self = state(g, class) or wrong(1, name, "pg", g)
  if self.released then
    return nil, "the view of the groups of " .. self.id .. " was released"
  end
  return self
end

-- The full name of a group; or nil and why there is none.
local function full(self, group, name)
  if group == nil then
    return nil, "group is missing"
  elseif type(group) ~= "string" then
    wrong(2, name, "string", group)
  elseif group == "" then
    return nil, "the name of a group may not be empty"
  end
  return self.prefix .. group
end

-- The groups of an argument that is text or a list; or nil and why it is none.
local function list_of(self, given, name)
  if type(given) ~= "table" then
    local one, why = full(self, given, name)
    return one and { one }, why
  end
  local names = {}
  for place = 1, #given do
    if type(given[place]) ~= "string" then
      return nil, "group " .. place .. " is no text"
    end
    local one, why = full(self, given[place], name)
    if not one then
      return nil, why
    end
    names[place] = one
  end
  return names
end

function methods.join(g, given)
  local self, why = self_of(g, "join")
  local names
  if self then
    names, why = list_of(self, given, "join")
  end
  if not names then
    return invalid(why)
  end
  for place = 1, #names do
    local joined, err = call("groups.join", names[place])
    if not joined then
      -- All of them or none.
      for before = 1, place - 1 do
        call("groups.leave", names[before])
        self.joins[names[before]] = self.joins[names[before]] - 1
      end
      return nil, err
    end
    self.joins[names[place]] = (self.joins[names[place]] or 0) + 1
  end
  return true
end

function methods.leave(g, given)
  local self, why = self_of(g, "leave")
  local names
  if self then
    names, why = list_of(self, given, "leave")
  end
  if not names then
    return invalid(why)
  end
  for place = 1, #names do
    local name = names[place]
    local left, err = call("groups.leave", name)
    if left == nil then
      return nil, err
    elseif not left then
      return invalid("the process is no member of the group: " .. name)
    end
    local joins = (self.joins[name] or 0) - 1
    self.joins[name] = joins > 0 and joins or nil
  end
  return true
end

-- A method of one group: calls `f` with the full name and all further arguments.
local function of_group(name, f)
  methods[name] = function(g, group, ...)
    local self, why = self_of(g, name)
    local one
    if self then
      one, why = full(self, group, name)
    end
    if not one then
      return invalid(why)
    end
    return f(one, self, ...)
  end
end

of_group("get_members", function(name)
  return call("groups.members", name)
end)
of_group("get_local_members", function(name)
  return call("groups.local_members", name)
end)

for _, method in next, { "broadcast", "broadcast_local" } do
  of_group(method, function(name, _, topic, ...)
    if topic ~= nil and type(topic) ~= "string" then
      wrong(3, method, "string", topic)
    end
    return broadcast("groups." .. method, name, topic, ...)
  end)
end

-- The subscription, what is there, and no error; or nil, nil and the error.
local function begun(self, sub, there)
  if not sub then
    return nil, nil, there
  end
  self.subscriptions[#self.subscriptions + 1] = sub
  return sub, there
end

function methods.monitor(g, group)
  local self, why = self_of(g, "monitor")
  local one
  if self then
    one, why = full(self, group, "monitor")
  end
  if not one then
    return nil, invalid(why)
  end
  return begun(self, begin("groups.monitor", one, #self.prefix))
end

function methods.events(g)
  local self, why = self_of(g, "events")
  if not self then
    return nil, invalid(why)
  end
  return begun(self, begin("groups.monitor_all", self.prefix))
end

for method, operation in next, {
  which_groups = "groups.names", which_local_groups = "groups.local_names",
} do
  methods[method] = function(g)
    local self, why = self_of(g, method)
    if not self then
      return invalid(why)
    end
    return call(operation, self.prefix)
  end
end

function methods.release(g)
  local self, why = self_of(g, "release")
  if not self then
    return invalid(why)
  end
  self.released = true
  for name, joins in next, self.joins do
    for _ = 1, joins do
      call("groups.leave", name)
    end
  end
  for _, sub in next, self.subscriptions do
    sub:close()
  end
  self.joins, self.subscriptions = nil, nil
  return true
end

-- Calls whose discarded errors are told.
local TOLD = { join = true, broadcast = true, broadcast_local = true, monitor = true, events = true }
for name, f in next, methods do
  methods[name] = public(f, TOLD[name] and "pg:" .. name)
end

pg.open = public(function(id)
  if id == nil then
    return invalid("id is missing")
  elseif type(id) ~= "string" then
    wrong(1, "open", "string", id)
  elseif id == "" or find(id, "/", 1, true) then
    return invalid("an id is text without '/', such as 'app:chat'")
  elseif #id > MOST then
    return native.beyond("max_id", MOST, "an id is " .. #id .. " bytes, more than " .. MOST)
  end
  return object(class, { id = id, prefix = id .. "/", joins = {}, subscriptions = {} })
end, "pg.open")
