-- security: policies, actors and scopes, which are values.

local native = ...
local object, state, encode = native.object, native.state, native.encode
local public, wrong = native.public, native.bad_argument
local evaluate = native.evaluate
local errors, pid = errors, process.pid
local type, ipairs, next = type, ipairs, next
local match, utf8_len = string.match, utf8.len

-- The state of an object is what crosses: the id of a policy, `{id, meta}` of an actor,
-- the list of ids of a scope.
local policy_class = { __name = "policy", __metatable = "policy" }
local actor_class = { __name = "actor", __metatable = "actor" }
local scope_class = { __name = "scope", __metatable = "scope" }
local policy_methods, actor_methods, scope_methods = {}, {}, {}
policy_class.__index, actor_class.__index, scope_class.__index = policy_methods, actor_methods, scope_methods
native.plain(policy_class, actor_class, scope_class)

local function invalid(message)
  return nil, errors.new { kind = errors.INVALID, retryable = false, message = message }
end

-- The results of a call with a value beyond a limit, which this process has met by itself.
-- The details are as the runtime sets them.
local function beyond(limit, value, message)
  return nil, errors.new {
    kind = errors.INVALID,
    retryable = false,
    message = message,
    details = { limit = limit, value = value, host = match(pid(), "^{(.*)|") },
  }
end
native.beyond = beyond

-- Bytes of the longest id, as of the longest name.
local MAX_ID = 1024

-- The error of a string that is no id of an actor or policy; nil where it is one.
local function not_id(what, id)
  local _, err
  if id == "" then
    _, err = invalid(what .. " is empty")
  elseif #id > MAX_ID then
    _, err = beyond("max_name", MAX_ID, what .. " is longer than " .. MAX_ID .. " bytes")
  elseif not utf8_len(id) then
    _, err = invalid(what .. " is not UTF-8")
  end
  return err
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

local function new_policy(id)
  return object(policy_class, id)
end

local function new_actor(id, meta)
  return object(actor_class, { id = id, meta = copy(meta or {}) })
end

-- A scope of these ids, each once.
local function new_scope(ids)
  local list, known = {}, {}
  for _, id in ipairs(ids) do
    if not known[id] then
      known[id] = true
      list[#list + 1] = id
    end
  end
  return object(scope_class, list)
end

local function policy_of(value, name)
  return state(value, policy_class) or wrong(1, name, "policy", value)
end

local function actor_of(value, name)
  return state(value, actor_class) or wrong(1, name, "actor", value)
end

local function scope_of(value, name)
  return state(value, scope_class) or wrong(1, name, "scope", value)
end

-- The id of a policy that is given as an object or as its id; nil and why it is none.
local function id_of(policy, name)
  local id = state(policy, policy_class)
  if id then
    return id
  elseif policy == nil then
    return invalid("policy is missing")
  elseif type(policy) ~= "string" then
    wrong(2, name, "policy or string", policy)
  end
  local err = not_id("policy", policy)
  if err then
    return nil, err
  end
  return policy
end

-- The decision of policies about an actor that does something; a scope judges by all of its own.
local function judge(ids, actor, action, resource, attributes)
  local given
  if actor ~= nil then
    given = state(actor, actor_class) or wrong(2, "evaluate", "actor", actor)
  end
  if action == nil then
    return invalid("action is missing")
  elseif type(action) ~= "string" then
    wrong(3, "evaluate", "string", action)
  elseif resource == nil then
    return invalid("resource is missing")
  elseif type(resource) ~= "string" then
    wrong(4, "evaluate", "string", resource)
  elseif attributes ~= nil and type(attributes) ~= "table" then
    wrong(5, "evaluate", "table", attributes)
  end
  local verdict, err = evaluate(ids, given and given.id, given and given.meta, action, resource, attributes)
  if not verdict then
    return nil, err
  end
  return verdict
end

function policy_methods.id(policy)
  return policy_of(policy, "id")
end

function policy_methods.evaluate(policy, ...)
  return judge({ policy_of(policy, "evaluate") }, ...)
end

function policy_class.__tostring(policy)
  return policy_of(policy, "tostring")
end

function policy_class.__concat(a, b)
  return (state(a, policy_class) or a) .. (state(b, policy_class) or b)
end

function policy_class.__eq(a, b)
  local id = state(a, policy_class)
  return id ~= nil and id == state(b, policy_class)
end

function actor_methods.id(actor)
  return actor_of(actor, "id").id
end

function actor_methods.meta(actor)
  return copy(actor_of(actor, "meta").meta)
end

function scope_methods.policies(scope)
  local list = {}
  for place, id in ipairs(scope_of(scope, "policies")) do
    list[place] = new_policy(id)
  end
  return list
end

function scope_methods.contains(scope, policy)
  local self = scope_of(scope, "contains")
  local id, err = id_of(policy, "contains")
  if not id then
    return nil, err
  end
  for _, known in ipairs(self) do
    if known == id then
      return true
    end
  end
  return false
end

function scope_methods.with(scope, policy)
  local self = scope_of(scope, "with")
  local id, err = id_of(policy, "with")
  if not id then
    return nil, err
  end
  local ids = copy(self)
  ids[#ids + 1] = id
  return new_scope(ids)
end

function scope_methods.without(scope, policy)
  local self = scope_of(scope, "without")
  local id, err = id_of(policy, "without")
  if not id then
    return nil, err
  end
  local ids = {}
  for _, known in ipairs(self) do
    if known ~= id then
      ids[#ids + 1] = known
    end
  end
  return new_scope(ids)
end

function scope_methods.evaluate(scope, ...)
  return judge(scope_of(scope, "evaluate"), ...)
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
  local refused = not_id("id", id)
  if refused then
    return nil, refused
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
  local ids = {}
  for place, policy in ipairs(policies or {}) do
    local id = state(policy, policy_class) or policy
    if type(id) ~= "string" then
      return invalid("policies[" .. place .. "] is a " .. type(policy) .. ", not a policy or its id")
    end
    local err = not_id("a policy", id)
    if err then
      return nil, err
    end
    ids[place] = id
  end
  -- A scope that lacked some of them would allow less than was meant.
  local entries = 0
  for _ in next, policies or {} do
    entries = entries + 1
  end
  if entries ~= #ids then
    return invalid("policies is not a list without holes")
  end
  return new_scope(ids)
end

function security.policy(id)
  if id ~= nil and type(id) ~= "string" then
    wrong(1, "policy", "string", id)
  end
  local ok, err = native.policy(id)
  if not ok then
    return nil, err
  end
  return new_policy(id)
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

function security.token_store(id)
  return native.late("tokens")(id)
end

for _, functions in next, { security, policy_methods, actor_methods, scope_methods } do
  for name, f in next, functions do
    functions[name] = public(f)
  end
end
for _, name in next, { "__tostring", "__concat", "__eq" } do
  policy_class[name] = public(policy_class[name])
end
security.can = native.can
native.actor_class, native.scope_class = actor_class, scope_class

-- For what takes an actor or a scope: the value encoded as the runtime wants it, or nil
-- and why it cannot be; nothing for anything else.
function native.encode_actor(value)
  local actor = state(value, actor_class)
  if actor then
    return encode(actor, "actor")
  end
end

function native.encode_scope(value)
  local policies = state(value, scope_class)
  if policies then
    return encode({ policies = policies }, "scope")
  end
end
