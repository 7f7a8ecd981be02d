-- security: actors and scopes.

local native = ...
local object, state, encode = native.object, native.state, native.encode
local public, wrong = native.public, native.bad_argument
local errors = errors
local type, ipairs, next = type, ipairs, next
local utf8_len = utf8.len

local actor_class = { __name = "actor", __metatable = "actor" }
local scope_class = { __name = "scope", __metatable = "scope" }
local actor_methods, scope_methods = {}, {}
actor_class.__index, scope_class.__index = actor_methods, scope_methods

local function invalid(message)
  return nil, errors.new { kind = errors.INVALID, retryable = false, message = message }
end

-- Bytes of the longest id, as of the longest name.
local MAX_ID = 1024

-- Why a string is no id of an actor or policy; nothing where it is one.
local function not_id(what, id)
  if id == "" then
    return what .. " is empty"
  elseif #id > MAX_ID then
    return what .. " is longer than " .. MAX_ID .. " bytes"
  elseif not utf8_len(id) then
    return what .. " is not UTF-8"
  end
end

-- A copy of plain values; they were checked by encoding them.
local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local result = {}
  for key, element in next, value do
    result[key] = copy(element)
  end
  return result
end

local function new_actor(id, meta)
  return object(actor_class, { id = id, meta = copy(meta or {}) })
end

local function new_scope(policies)
  local ids = {}
  for place, id in ipairs(policies or {}) do
    ids[place] = id
  end
  return object(scope_class, { policies = ids })
end

local function actor_of(value, name)
  return state(value, actor_class) or wrong(1, name, "actor", value)
end

local function scope_of(value, name)
  return state(value, scope_class) or wrong(1, name, "scope", value)
end

function actor_methods.id(actor)
  return actor_of(actor, "id").id
end

function actor_methods.meta(actor)
  return copy(actor_of(actor, "meta").meta)
end

function scope_methods.policies(scope)
  return copy(scope_of(scope, "policies").policies)
end

-- The id of a policy, given as such.
function scope_methods.with(scope, policy)
  local self = scope_of(scope, "with")
  if policy == nil then
    return invalid("policy is missing")
  elseif type(policy) ~= "string" then
    wrong(2, "with", "string", policy)
  end
  local why = not_id("policy", policy)
  if why then
    return invalid(why)
  end
  local ids = copy(self.policies)
  ids[#ids + 1] = policy
  return new_scope(ids)
end

security = {}
native.loaded.security = security

function security.actor()
  local actor, err = native.actor()
  if not actor then
    return nil, err
  end
  return new_actor(actor.id, actor.meta)
end

function security.scope()
  local scope, err = native.scope()
  if not scope then
    return nil, err
  end
  return new_scope(scope.policies)
end

function security.new_actor(id, meta)
  if id == nil then
    return invalid("id is missing")
  elseif type(id) ~= "string" then
    wrong(1, "new_actor", "string", id)
  elseif meta ~= nil and type(meta) ~= "table" then
    wrong(2, "new_actor", "table", meta)
  end
  local why = not_id("id", id)
  if why then
    return invalid(why)
  end
  for key in next, meta or {} do
    if type(key) ~= "string" or not utf8_len(key) then
      return invalid("a key of meta is not text")
    end
  end
  -- With its id, as it will be given on.
  local ok, err = encode({ id = id, meta = meta }, "actor")
  if not ok then
    return nil, err
  end
  return new_actor(id, meta)
end

function security.new_scope(policies)
  if policies ~= nil and type(policies) ~= "table" then
    wrong(1, "new_scope", "table", policies)
  end
  for _, id in ipairs(policies or {}) do
    if type(id) ~= "string" then
      return invalid("a policy is not named by a string")
    end
    local why = not_id("a policy", id)
    if why then
      return invalid(why)
    end
  end
  return new_scope(policies)
end

-- The id of a policy that exists, for new_scope and scope:with.
function security.policy(id)
  if id ~= nil and type(id) ~= "string" then
    wrong(1, "policy", "string", id)
  end
  local ok, err = native.policy(id)
  if not ok then
    return nil, err
  end
  return id
end

function security.named_scope(id)
  if id ~= nil and type(id) ~= "string" then
    wrong(1, "named_scope", "string", id)
  end
  local scope, err = native.named_scope(id)
  if not scope then
    return nil, err
  end
  return new_scope(scope.policies)
end

for _, functions in next, { security, actor_methods, scope_methods } do
  for name, f in next, functions do
    functions[name] = public(f)
  end
end
security.can = native.can

-- For the spawner: an actor or scope, encoded, or nil and why it cannot be;
-- nothing for anything else.
function native.encode_actor(value)
  local actor = state(value, actor_class)
  if actor then
    return encode({ id = actor.id, meta = actor.meta }, "actor")
  end
end

function native.encode_scope(value)
  local scope = state(value, scope_class)
  if scope then
    return encode({ policies = scope.policies }, "scope")
  end
end
