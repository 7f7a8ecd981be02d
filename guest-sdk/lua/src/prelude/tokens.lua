-- security.token_store, and stores of tokens: texts that stand for an actor and a scope.

local native = ...
local object, state, call = native.object, native.state, native.call
local public, wrong, nanoseconds = native.public, native.bad_argument, native.nanoseconds
local actor_class, scope_class = native.actor_class, native.scope_class
local kept = native.kept
local type, next, invalid = kept.type, kept.next, kept.invalid

local class = { __name = "token_store", __metatable = "token_store" }
local methods = {}
class.__index = methods

-- The id of a store that is open; or nil and why there is none.
local function open_id(store, name)
  local self = state(store, class) or wrong(1, name, "token_store", store)
  if self.closed then
    return invalid("the token store is closed")
  end
  return self.id
end

local OPTIONS = { expiration = true, meta = true }

-- The lifetime in nanoseconds and the metadata of a new token; or nothing and an error.
local function read(options)
  for key in next, options do
    if not OPTIONS[key] then
      return nil, nil, "options has an unknown key; expected expiration or meta"
    end
  end
  local lifetime, meta = options.expiration, options.meta
  if lifetime ~= nil then
    local span, err = nanoseconds(lifetime, "expiration")
    if not span then
      return nil, nil, nil, err
    end
    lifetime = span
  end
  if meta ~= nil and type(meta) ~= "table" then
    return nil, nil, "options.meta is no table"
  end
  return lifetime, meta
end

function methods.create(store, actor, scope, options)
  local id, err = open_id(store, "create")
  if not id then
    return nil, err
  elseif actor == nil then
    return invalid("actor is missing")
  end
  local of_actor = state(actor, actor_class) or wrong(2, "create", "actor", actor)
  if scope == nil then
    return invalid("scope is missing")
  end
  local policies = state(scope, scope_class) or wrong(3, "create", "scope", scope)
  if options ~= nil and type(options) ~= "table" then
    wrong(4, "create", "table", options)
  end
  local lifetime, meta, why, refused = read(options or {})
  if refused then
    return nil, refused
  elseif why then
    return invalid(why)
  end
  return call("security.token.create", id, of_actor.id, of_actor.meta, policies, lifetime, meta)
end

-- Calls an operation on a token; the value, or nil and an error.
local function on_token(name, operation)
  return function(store, token)
    local id, err = open_id(store, name)
    if not id then
      return nil, err
    elseif token == nil then
      return invalid("token is missing")
    elseif type(token) ~= "string" then
      wrong(2, name, "string", token)
    end
    return call(operation, id, token)
  end
end

local known = on_token("validate", "security.token.validate")

function methods.validate(store, token)
  local content, err = known(store, token)
  if not content then
    return nil, nil, err
  end
  local actor = object(actor_class, { id = content.actor, meta = content.meta })
  return actor, object(scope_class, content.policies), nil
end

local described = on_token("meta", "security.token.validate")

function methods.meta(store, token)
  local content, err = described(store, token)
  if not content then
    return nil, err
  end
  return content.metadata
end

methods.revoke = on_token("revoke", "security.token.revoke")

function methods.close(store)
  local self = state(store, class) or wrong(1, "close", "token_store", store)
  self.closed = true
  return true
end

for name, f in next, methods do
  methods[name] = public(f)
end

return function(id)
  if id == nil then
    return invalid("id is missing")
  elseif type(id) ~= "string" then
    wrong(1, "token_store", "string", id)
  end
  local full, err = call("security.token_store.get", id)
  if not full then
    return nil, err
  end
  return object(class, { id = full })
end
