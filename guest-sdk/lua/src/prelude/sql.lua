-- sql: databases that the manifest declares and grants.

local native, sql = ...
local object, state, call = native.object, native.state, native.call
local public, wrong = native.public, native.bad_argument
local kept = native.kept
local type, next, pcall, error, tostring = kept.type, kept.next, kept.pcall, kept.error, kept.tostring
local invalid, concat, null = kept.invalid, kept.concat, kept.null

sql.type = { SQLITE = "sqlite", POSTGRES = "postgres" }
sql.isolation = {
  DEFAULT = "default", READ_UNCOMMITTED = "read_uncommitted", READ_COMMITTED = "read_committed",
  WRITE_COMMITTED = "write_committed", REPEATABLE_READ = "repeatable_read", SERIALIZABLE = "serializable",
}

local function class_of(name, shown)
  local methods = {}
  local class = { __name = name, __metatable = name, __index = methods }
  class.__tostring = public(function(value)
    local self = state(value, class) or wrong(1, "tostring", name, value)
    return shown .. (self.over and "{" .. self.over .. "}" or "{}")
  end)
  return class, methods
end

local databases, of_database = class_of("sql_database", "sql.Database")
local statements, of_statement = class_of("sql_statement", "sql.Statement")
local transactions, of_transaction = class_of("sql_transaction", "sql.Transaction")
local nulls = { __name = "sql_null", __metatable = "sql_null" }
local binaries = { __name = "sql_binary", __metatable = "sql_binary" }
nulls.__tostring = public(function()
  return "sql.NULL"
end)

local NULL = object(nulls, true)
sql.NULL = NULL

-- The state of an object that is still of use; or nil and why it is not.
local function usable(value, class, name)
  local self = state(value, class) or wrong(1, name, class.__name, value)
  if not self.over then
    return self
  elseif class == databases then
    return invalid("the database was released")
  elseif class == statements then
    return invalid("the statement is closed")
  end
  return invalid("the transaction has ended")
end

-- The values of a statement as they cross, and their kinds; or nothing and why.
local function values_of(params)
  local list, kinds, count = {}, nil, 0
  local value = params[1]
  while value ~= nil do
    count = count + 1
    if value == NULL then
      value = null
    elseif type(value) == "userdata" then
      local bytes = state(value, binaries)
      if bytes then
        kinds = kinds or {}
        for place = #kinds + 1, count - 1 do
          kinds[place] = "-"
        end
        kinds[count], value = "b", bytes
      end
    end
    list[count] = value
    value = params[count + 1]
  end
  local key = count == 0 and next(params)
  if type(key) == "string" then
    return nil, nil, "params is a list: a value takes the place of a placeholder by its own place"
  end
  return list, kinds and concat(kinds)
end

-- Raises for arguments of a wrong type. The runtime refuses a text that is missing.
local function check_text(name, text)
  if text ~= nil and type(text) ~= "string" then
    wrong(2, name, "string", text)
  end
end

-- Runs a statement. `place` is that of its values among the arguments.
local function run(operation, name, self, text, params, place)
  if params == nil then
    return call(operation, self.id, self.number, text)
  elseif type(params) ~= "table" then
    wrong(place, name, "table", params)
  end
  local list, kinds, why = values_of(params)
  if why then
    return invalid(why)
  end
  return call(operation, self.id, self.number, text, list, kinds)
end

for _, name in next, { "query", "execute" } do
  local operation = "sql." .. name
  local function on(class)
    return function(value, text, params)
      local self, err = usable(value, class, name)
      if not self then
        return nil, err
      end
      check_text(name, text)
      return run(operation, name, self, text, params, 3)
    end
  end
  of_database[name] = on(databases)
  of_transaction[name] = on(transactions)
  of_statement[name] = function(value, params)
    local self, err = usable(value, statements, name)
    if not self then
      return nil, err
    end
    return run(operation, name, self, self.text, params, 2)
  end
end

local function preparing(class)
  return function(value, text)
    local self, err = usable(value, class, "prepare")
    if not self then
      return nil, err
    end
    check_text("prepare", text)
    local is_sound, refused = call("sql.prepare", self.id, self.number, text)
    if not is_sound then
      return nil, refused
    end
    return object(statements, { id = self.id, number = self.number, text = text })
  end
end

of_database.prepare, of_transaction.prepare = preparing(databases), preparing(transactions)

function of_statement.close(value)
  local self, err = usable(value, statements, "close")
  if not self then
    return nil, err
  end
  self.over = "closed"
  return true
end

local function begin(self, options)
  local number, err = call("sql.begin", self.id, options)
  if not number then
    return nil, err
  end
  return object(transactions, { id = self.id, type = self.type, number = number })
end

function of_database.begin(value, options)
  local self, err = usable(value, databases, "begin")
  if not self then
    return nil, err
  elseif options ~= nil and type(options) ~= "table" then
    wrong(2, "begin", "table", options)
  end
  return begin(self, options)
end

for name, over in next, { commit = "committed", rollback = "rolled back" } do
  of_transaction[name] = function(value)
    local self, err = usable(value, transactions, name)
    if not self then
      return nil, err
    end
    local ended, refused = call("sql." .. name, self.id, self.number)
    if not ended then
      return nil, refused
    end
    self.over = over
    return true
  end
end

for _, name in next, { "savepoint", "rollback_to", "release" } do
  of_transaction[name] = function(value, point)
    local self, err = usable(value, transactions, name)
    if not self then
      return nil, err
    end
    check_text(name, point)
    return call("sql." .. name, self.id, self.number, point)
  end
end

function of_transaction.db_type(value)
  local self, err = usable(value, transactions, "db_type")
  if not self then
    return nil, err
  end
  return self.type
end

-- Ends the transaction of a function with these results.
local function finish(tx, done, first, ...)
  local self = state(tx, transactions)
  if done and first ~= false and (first ~= nil or ... == nil) then
    if not self.over then
      local committed, err = call("sql.commit", self.id, self.number)
      if not committed then
        return nil, err
      end
      self.over = "committed"
    end
    return first, ...
  end
  if not self.over then
    -- Ended in any case: by the database, or by its time.
    call("sql.rollback", self.id, self.number)
    self.over = "rolled back"
  end
  if not done then
    error(first, 0)
  end
  return first, ...
end

function of_database.transaction(value, f)
  local self, err = usable(value, databases, "transaction")
  if not self then
    return nil, err
  elseif f == nil then
    return invalid("f is missing")
  elseif type(f) ~= "function" then
    wrong(2, "transaction", "function", f)
  end
  local tx, refused = begin(self)
  if not tx then
    return nil, refused
  end
  return finish(tx, pcall(f, tx))
end

function of_database.type(value)
  local self, err = usable(value, databases, "type")
  if not self then
    return nil, err
  end
  return self.type
end

function of_database.stats(value)
  local self, err = usable(value, databases, "stats")
  if not self then
    return nil, err
  end
  return call("sql.stats", self.id)
end

function of_database.release(value)
  local self = state(value, databases) or wrong(1, "release", "sql_database", value)
  self.over = "released"
  return true
end

-- For the builder, which runs what it has built.
native.sql_null = NULL
function native.sql_runner(value)
  local self, methods = state(value, databases), of_database
  if not self then
    self, methods = state(value, transactions), of_transaction
  end
  return self and { on = value, type = self.type, query = methods.query, exec = methods.execute }
end

-- Calls whose discarded errors are told.
local TOLD = { execute = true, commit = true, savepoint = true, rollback_to = true, transaction = true }
for object_name, methods in next, { db = of_database, tx = of_transaction, st = of_statement } do
  for name, f in next, methods do
    methods[name] = public(f, TOLD[name] and object_name .. ":" .. name)
  end
end

sql.get = public(function(id)
  if id == nil then
    return invalid("id is missing")
  elseif type(id) ~= "string" then
    wrong(1, "get", "string", id)
  end
  local found, err = call("sql.open", id)
  if not found then
    return nil, err
  end
  return object(databases, found)
end)
sql.open = sql.get

-- The number of a number or of a text; or nil and why there is none.
local function number_of(value, name)
  if value == nil then
    return invalid("value is missing")
  elseif type(value) == "string" then
    local number = kept.tonumber(value)
    if not number then
      return invalid("value is a text that is no number")
    end
    return number
  elseif type(value) ~= "number" then
    wrong(1, name, "number", value)
  end
  return value
end

sql.as = {}
sql.as.int = public(function(value)
  local number, err = number_of(value, "int")
  if not number then
    return nil, err
  end
  -- Towards zero.
  local whole = kept.tointeger(number - number % (number < 0 and -1 or 1))
  if not whole then
    return invalid("value is out of the range of integers")
  end
  return whole
end)

sql.as.float = public(function(value)
  local number, err = number_of(value, "float")
  if not number then
    return nil, err
  end
  return number + 0.0
end)

sql.as.text = public(function(value)
  if value == nil then
    return invalid("value is missing")
  elseif type(value) ~= "string" and type(value) ~= "number" and type(value) ~= "boolean" then
    wrong(1, "text", "string", value)
  end
  return tostring(value)
end)

sql.as.binary = public(function(value)
  if value == nil then
    return invalid("value is missing")
  elseif type(value) ~= "string" then
    wrong(1, "binary", "string", value)
  end
  return object(binaries, value)
end)

sql.as.null = public(function()
  return NULL
end)
