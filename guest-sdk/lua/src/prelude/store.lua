-- store: values under keys, in stores that the manifest declares and grants.

local native, store = ...
local object, state, call = native.object, native.state, native.call
local public, wrong, nanoseconds = native.public, native.bad_argument, native.nanoseconds
local new_subscription = native.new_subscription
local kept = native.kept
local type, next, invalid = kept.type, kept.next, kept.invalid

store.backend = { MEMORY = "memory", SQLITE = "sqlite", JETSTREAM = "jetstream" }
store.consistency = { STRONG = "strong" }

local class = { __name = "store", __metatable = "store" }
local methods = {}
class.__index = methods

-- The id of a store that was not released; or nil and why there is none.
local function id_of(s, name)
  local self = state(s, class) or wrong(1, name, "store", s)
  if self.released then
    return invalid("the store was released")
  end
  return self.id
end

-- Raises for a key of a wrong type. The runtime refuses one that is missing or empty.
local function check_key(name, key)
  if key ~= nil and type(key) ~= "string" then
    wrong(2, name, "string", key)
  end
end

-- The nanoseconds of a time to live, in seconds or a duration; 0 for ever.
local function lifetime(ttl)
  if ttl == nil then
    return 0
  end
  return nanoseconds(ttl, "ttl", true)
end

for _, name in next, { "get", "has", "entry", "delete" } do
  local operation = "store." .. name
  methods[name] = function(s, key)
    local id, err = id_of(s, name)
    if not id then
      return nil, err
    end
    check_key(name, key)
    return call(operation, id, key)
  end
end

function methods.set(s, key, value, ttl)
  local id, err = id_of(s, "set")
  if not id then
    return nil, err
  end
  check_key("set", key)
  local span, refused = lifetime(ttl)
  if not span then
    return nil, refused
  end
  return call("store.set", id, key, value, span)
end

function methods.put(s, key, value, options)
  local id, err = id_of(s, "put")
  if not id then
    return nil, err
  end
  check_key("put", key)
  if options ~= nil and type(options) ~= "table" then
    wrong(4, "put", "table", options)
  end
  local given = {}
  for name, option in next, options or given do
    given[name] = option
  end
  local span, refused = lifetime(given.ttl)
  if not span then
    return nil, refused
  end
  given.ttl = span
  local version
  version, refused = call("store.put", id, key, value, given)
  if not version then
    return nil, refused
  end
  return { key = key, value = value, version = version }
end

function methods.incr(s, key, by)
  local id, err = id_of(s, "incr")
  if not id then
    return nil, err
  end
  check_key("incr", key)
  if by ~= nil and type(by) ~= "number" then
    wrong(3, "incr", "number", by)
  end
  return call("store.incr", id, key, by)
end

function methods.list(s, options)
  local id, err = id_of(s, "list")
  if not id then
    return nil, err
  elseif options ~= nil and type(options) ~= "table" then
    wrong(2, "list", "table", options)
  end
  return call("store.list", id, options)
end

function methods.info(s)
  local id, err = id_of(s, "info")
  if not id then
    return nil, err
  end
  return call("store.info", id)
end

function methods.watch(s, prefix)
  local id, err = id_of(s, "watch")
  if not id then
    return nil, err
  elseif prefix ~= nil and type(prefix) ~= "string" then
    wrong(2, "watch", "string", prefix)
  end
  local number, refused = call("store.watch", id, prefix)
  if not number then
    return nil, refused
  end
  return new_subscription(number, "store.unwatch")
end

function methods.release(s)
  local self = state(s, class) or wrong(1, "release", "store", s)
  self.released = true
  return true
end

class.__tostring = public(function(s)
  local self = state(s, class) or wrong(1, "tostring", "store", s)
  return self.released and "store.Store{released}" or "store.Store{}"
end)

-- Calls whose discarded errors are told.
local TOLD = { set = true, put = true, incr = true, delete = true, watch = true }
for name, f in next, methods do
  methods[name] = public(f, TOLD[name] and "store:" .. name)
end

store.get = public(function(id)
  if id == nil then
    return invalid("id is missing")
  elseif type(id) ~= "string" then
    wrong(1, "get", "string", id)
  end
  local full, err = call("store.open", id)
  if not full then
    return nil, err
  end
  return object(class, { id = full })
end)
