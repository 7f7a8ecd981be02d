-- Each function with each kind of value in the place of each argument: a wrong
-- type raises Lua's own message, a wrong value and a missing one are INVALID.
-- options: --log off
-- shows: C-2, C-3

local rows = require("rows")

-- Types that an argument may have, and the name that messages have for it. With
-- `refuses` any other type is INVALID and does not raise; with `invalid` a value of
-- the right type that is INVALID.
local kinds = {
  any = { value = "x", takes = "boolean number string table function thread case channel userdata" },
  text = { takes = "string", name = "string", invalid = "\xff" },
  definition = { takes = "string", name = "string", invalid = "\xff", remedies = true },
  bytes = { takes = "string", name = "string", value = "x" },
  table = { takes = "table", name = "table", value = {} },
  -- Of loggers, which also take what an error often is.
  fields = { takes = "table string", name = "table", value = {} },
  cases = { takes = "table", name = "table", value = { default = true }, invalid = {} },
  ["function"] = { takes = "function", name = "function" },
  integer = { takes = "number", name = "number", value = 1, invalid = 1.5 },
  number = { takes = "number", name = "number", value = 1, invalid = 0 / 0 },
  duration = { takes = "number string", refuses = true, value = "1ns", invalid = "soon" },
  time = { takes = "", name = "time", value = time.now() },
  location = { takes = "", name = "location", value = time.utc },
  channel = { takes = "channel", name = "channel" },
  actor = { takes = "", name = "actor" },
  scope = { takes = "", name = "scope" },
  policy = { takes = "string", name = "policy or string", value = "x", invalid = "" },
  error = { takes = "string", name = "error or string", value = "x" },
  context = { takes = "string", name = "string or error", value = "x" },
  flag = { takes = "boolean", name = "boolean" },
  groups = { takes = "string table", name = "string", value = "x", invalid = "" },
  -- Of `receive`: a duration, or a table with one.
  patience = { takes = "number string table", refuses = true, value = "1ns", invalid = "soon" },
  message = { takes = "string table", name = "string or table", invalid = {} },
  -- Of names: a number, or a table with the scope.
  reach = { takes = "number table", name = "number", value = 1, invalid = {} },
  -- Of `json`, `yaml`, `uuid`, `hash` and the codecs, which refuse what they are not made for.
  options = { takes = "table", refuses = true },
  raw = { takes = "boolean userdata", refuses = true, value = false },
  document = { takes = "string", refuses = true, invalid = "" },
  object = { takes = "table", refuses = true },
  schema = { takes = "table string", refuses = true, value = {} },
  data = { takes = "string", refuses = true, value = "x" },
  -- Of `sql` and its builder.
  numeral = { takes = "number string", name = "number", value = 1, invalid = "x" },
  scalar = { takes = "string number boolean", name = "string", value = "x" },
  condition = { takes = "string table", name = "string or table", value = "x" },
  query = { takes = "", name = "sql_select" },
  runner = { takes = "", name = "sql_database or sql_transaction" },
  -- Of a file that is written whole.
  content = { takes = "string", name = "string or stream", value = "x" },
  -- Of `http.request`, which takes a table for the request of the process.
  method = { takes = "string table", name = "string", value = "GET" },
  header = { takes = "string table", name = "string", value = "x" },
}

local values = {
  { "boolean", true },
  { "number", 1 },
  { "string", "x" },
  { "table", {} },
  { "function", print },
  { "thread", coroutine.create(print) },
  { "case", channel.new():case_receive() },
  { "channel", channel.new() },
  { "userdata", json.null, "light userdata" },
}

process.send(process.pid(), "topic", "x")
local spawner, ch = assert(process.with_context {}), channel.new()
ch:close()
-- A stream from which a read does not wait.
local at_its_end, writer = stream.pipe()
writer:close()
local db, selection = assert(sql.get("app:db")), sql.builder.select("1")
local volume = assert(fs.get("app:files"))
-- The interpreter's own tests run this program as if it answered a request, had sent one and had
-- a socket. Elsewhere there is none of them, and their methods are left out.
local request, upload = http.request(), nil
if request then
  upload = assert(request:parse_multipart()).files.a[1]
end
local objects = {
  req = { "request", request },
  res = { "response", (http.response()) },
  response = { "http_response", (http_client.get("http://x")) },
  upload = { "upload", upload },
  ws = { "websocket", (websocket.connect("ws://x")) },
  message = { "message", (process.inbox():receive()) },
  spawner = { "spawner", spawner },
  sub = { "subscription", assert(events.subscribe("x")) },
  ch = { "channel", ch },
  timer = { "timer", time.timer("1h") },
  ticker = { "ticker", time.ticker("1h") },
  t = { "time", time.now() },
  loc = { "location", time.utc },
  duration = { "duration", time.parse_duration("1s") },
  err = { "error", errors.new("x") },
  log = { "logger", logger:named("x") },
  logger = { "logger", logger },
  re = { "regexp", text.regexp.compile("b+") },
  actor = { "actor", security.new_actor("x") },
  scope = { "scope", security.new_scope {} },
  ts = { "token_store", assert(security.token_store("app:tokens")) },
  g = { "pg", assert(pg.open("app:x")) },
  s = { "store", assert(store.get("app:values")) },
  db = { "sql_database", db },
  st = { "sql_statement", assert(db:prepare("SELECT 1")) },
  -- Of another database: the transaction has the only connection.
  tx = { "sql_transaction", assert(assert(sql.get("app:other")):begin()) },
  sel = { "sql_select", selection },
  ins = { "sql_insert", sql.builder.insert("x") },
  upd = { "sql_update", sql.builder.update("x") },
  del = { "sql_delete", sql.builder.delete("x") },
  cond = { "sql_condition", sql.builder.eq {} },
  q = { "sql_executor", selection:run_with(db) },
  stream = { "stream", at_its_end },
  scanner = { "scanner", at_its_end:scanner() },
  v = { "volume", volume },
  f = { "volume_file", assert(volume:open("a", "r")) },
  executor = { "executor", funcs.new() },
  future = { "future", assert(funcs.async("app:nothing")) },
  p = { "payload", payload.new("x") },
  policy = { "policy", security.new_scope({ "x" }):policies()[1] },
}

local wrong = {}
local function check(holds, call, what)
  if not holds then
    wrong[#wrong + 1] = call .. ": " .. what
  end
end

-- Calls a function by its name, so that messages know it.
local function call(path, object, arguments, count)
  local names = {}
  for place = 1, count do
    names[place] = "a" .. place
  end
  local list = table.concat(names, ", ")
  local made = object and path:gsub("^.*:", "object:") or path
  local code = "local object" .. (count > 0 and ", " .. list or "") .. " = ... return " .. made .. "(" .. list .. ")"
  -- No tail call: that has no name, and its error no place.
  -- Of `nil, nil, err` and `nil, false, err` the error is the third.
  code = code:gsub("return (.*)$", "local one, two, three = %1 return one, not two and three or two")
  return pcall(assert(load(code, "=call")), object, table.unpack(arguments, 1, count))
end

local function written(path, place, kind)
  return path .. " with " .. kind .. " as #" .. place
end

-- With `remedy` the message may go on with what to do.
local function raises(path, place, count, kind, name, came, remedy)
  local expected = "call:1: bad argument #" .. count .. " to '" .. path:match("[%w_]+$") .. "' (" .. name .. " expected, got "
  local message = tostring(came[2])
  local fine = message == expected .. kind .. ")" or kind == "no value" and message == expected .. "nil)"
    or remedy and message:find(expected .. kind .. "; ", 1, true) == 1
  check(not came[1] and fine, written(path, place, kind), message)
end

local function invalid(row, place, kind, came)
  local path = row[1]
  -- `json.validate` returns false in the place of nil.
  local fine = came[1] and not came[2] and errors.is(came[3], errors.INVALID)
  -- Some methods return nothing but an error.
  if row.errors_alone then
    fine = came[1] and errors.is(came[2], errors.INVALID)
  end
  check(fine, written(path, place, kind), tostring(came[2]) .. " " .. tostring(came[3]))
end

local function is_taken(path, place, kind, came)
  local refused = not came[1] and tostring(came[2]):find("bad argument #" .. place, 1, true)
  check(not refused, written(path, place, kind), tostring(came[2]))
end

local function argument_of(spec)
  local kind, value = spec, nil
  if type(spec) == "table" then
    kind, value = spec[1], spec[2]
  end
  local optional = kind:sub(-1) == "?"
  kind = kinds[optional and kind:sub(1, -2) or kind]
  return { kind = kind, optional = optional, value = value == nil and kind.value or value }
end

local function try_argument(row, object, arguments, place)
  local path, argument = row[1], arguments[place]
  local kind = argument.kind
  local given = {}
  for i, other in ipairs(arguments) do
    given[i] = other.value
  end
  local function came(value, count)
    given[place] = value
    return table.pack(call(path, object, given, count or #arguments))
  end
  for _, value in ipairs(values) do
    local of, shown = value[1], value[3] or value[1]
    if (" " .. kind.takes .. " "):find(" " .. of .. " ", 1, true) then
      if not row.only_wrong then
        is_taken(path, place, shown, came(value[2]))
      end
    elseif kind.refuses then
      invalid(row, place, shown, came(value[2]))
    else
      raises(path, place, place, shown, kind.name, came(value[2]), kind.remedies and of == "function")
    end
  end
  if row.as_lua then
    raises(path, place, place, "nil", kind.name, came(nil))
    raises(path, place, place, "no value", kind.name, came(nil, place - 1))
  elseif not argument.optional then
    invalid(row, place, "nil", came(nil))
    invalid(row, place, "no value", came(nil, place - 1))
  elseif not row.only_wrong then
    is_taken(path, place, "nil", came(nil))
    is_taken(path, place, "no value", came(nil, place - 1))
  end
  if kind.invalid ~= nil then
    invalid(row, place, "a wrong value", came(kind.invalid))
  end
end

-- The object itself, where it is no object of its kind.
local function try_self(path, class, object)
  local method = path:match("[%w_]+$")
  local holder = { [method] = object[method] }
  for _, value in ipairs(values) do
    if value[1] ~= class then
      local code = "local object, value = ... local one = object." .. method .. "(value) return one"
      local got = table.pack(pcall(assert(load(code, "=call")), holder, value[2]))
      raises(path, "self", 1, value[3] or value[1], class, got)
    end
  end
  local code = "local object = ... local one = object." .. method .. "() return one"
  raises(path, "self", 1, "no value", class, table.pack(pcall(assert(load(code, "=call")), holder)))
end

kinds.channel.value = assert(process.listen("unlistened"))
kinds.query.value, kinds.runner.value = selection, db
kinds.actor.value, kinds.scope.value = objects.actor[2], objects.scope[2]

local rowed = {}
-- A program of its own tries the rows with `elsewhere`: queue/messages.
for _, row in ipairs(rows) do
  local path = row[1]
  rowed[path] = true
  if row.elsewhere then
    goto continue
  end
  local known = objects[path:match("^(%w+):")] or {}
  local class, object = known[1], known[2]
  local arguments = {}
  for place = 2, #row do
    if row[place] ~= "..." then
      arguments[#arguments + 1] = argument_of(row[place])
    end
  end
  for place in ipairs(class and not object and {} or arguments) do
    try_argument(row, object, arguments, place)
  end
  if object and not row.any_self then
    try_self(path, class, object)
  end
  ::continue::
end

-- That no function is left out. The methods are compared by a test of the
-- interpreter, which can see them.
local function walk(path, library)
  for name, value in pairs(library) do
    local here = path .. "." .. name
    if type(value) == "function" then
      check(rowed[here] or rowed[path .. ":" .. name], here, "has no row")
    elseif type(value) == "table" then
      walk(here, value)
    end
  end
end
-- Lua's own libraries, whose functions stdlib/wrong_types_are_refused_as_in_lua tries.
local lua = { _G = true, coroutine = true, debug = true, io = true, math = true, os = true, package = true,
  string = true, table = true, utf8 = true }
local walked = 0
for name, library in pairs(_G) do
  if type(library) == "table" and not lua[name] then
    walk(name, library)
    walked = walked + 1
  end
end
assert(walked == 30, walked)
check(rowed["coroutine.spawn"], "coroutine.spawn", "has no row")

assert(#wrong == 0, "\n" .. table.concat(wrong, "\n"))
