-- The descriptions of supervisors and their children: checked, and completed by
-- what they leave out.

local native = ...
local check_unit = native.check_unit
local failures = require("warren.server.failures")
local given_options = require("warren.server.options")
local quoted, unknown_key = given_options.quoted, given_options.unknown_key

local spec = {}

-- The definition that runs a supervisor or another process of these modules.
spec.SUPERVISOR = "warren:supervisor"

local STRATEGIES = { "one_for_one", "one_for_all", "rest_for_one", "dynamic" }
local RESTARTS = { "permanent", "transient", "temporary" }

local SUPERVISOR_KEYS = {
  strategy = true, max_restarts = true, within = true, backoff = true, children = true, child = true,
  max_children = true,
}
local CHILD_KEYS = {
  id = true, definition = true, server = true, supervisor = true, start = true, host = true, args = true, name = true,
  restart = true, shutdown = true, backoff = true, ready = true,
}
local BACKOFF_KEYS = { initial_delay = true, max_delay = true, factor = true, jitter = true, reset_after = true }

local function invalid(message, ...)
  return errors.new { kind = errors.INVALID, retryable = false, message = message:format(...) }
end

-- Everything below raises an error of kind INVALID; `checked` returns it.
local function check(holds, message, ...)
  if not holds then
    error(invalid(message, ...))
  end
end

local function checked(f, ...)
  local done, result = pcall(f, ...)
  if done then
    return result
  end
  return nil, result
end

-- Names a child in messages.
function spec.named(id)
  return "child " .. quoted(id)
end

local function check_table(value, keys, what)
  check(type(value) == "table", "%s is a table, not %s", what, quoted(value))
  local why = unknown_key(value, keys, what)
  check(not why, "%s", why)
end

local function check_choice(value, choices, what)
  for _, choice in ipairs(choices) do
    if value == choice then
      return value
    end
  end
  check(false, "%s is %s; it can be %s", what, quoted(value), table.concat(choices, ", "))
end

local function check_text(value, what)
  check(value == nil or type(value) == "string", "%s is text, not %s", what, quoted(value))
  return value
end

-- The longest duration: added to the time of today, it is still an integer.
local LONGEST <const> = 1 << 62

local function check_number(value, from, what)
  check(type(value) == "number" and value >= from, "%s is a number from %s, not %s", what, from, quoted(value))
  return value
end

local function check_integer(value, from, what)
  local whole = type(value) == "number" and math.tointeger(value)
  check(whole and whole >= from, "%s is an integer from %d, not %s", what, from, quoted(value))
  return whole
end

-- Returns a duration in nanoseconds. As in `process`, a number is milliseconds.
local function nanoseconds(value, what)
  local result
  if type(value) == "number" then
    check_unit(value, what)
    result = math.tointeger(value * 1000000 // 1)
  else
    local parsed = time.parse_duration(value)
    result = parsed and parsed:nanoseconds()
  end
  check(result and result >= 0, "%s is a duration such as '5s', not %s", what, quoted(value))
  return math.min(result, LONGEST)
end

-- Returns the delays between restarts, complete; a duration alone is the first one.
local function backoff(value, what)
  if value == nil then
    return nil
  elseif type(value) ~= "table" then
    value = { initial_delay = value }
  end
  check_table(value, BACKOFF_KEYS, what)
  local initial = nanoseconds(value.initial_delay or "1s", what .. ".initial_delay")
  local jitter = check_number(value.jitter or 0.1, 0, what .. ".jitter")
  check(jitter <= 1, "%s.jitter is a number from 0 to 1, not %s", what, jitter)
  return {
    initial_delay = initial,
    max_delay = math.max(initial, nanoseconds(value.max_delay or "90s", what .. ".max_delay")),
    factor = check_number(value.factor or 2, 1, what .. ".factor"),
    jitter = jitter,
    reset_after = nanoseconds(value.reset_after or "5s", what .. ".reset_after"),
  }
end

local function shutdown(value, what)
  if value == "kill" or value == "infinity" then
    return value
  end
  return nanoseconds(value, what)
end

-- Returns the greatest index of a list, and the number of its elements.
local function extent(value, what, is_packed)
  check(type(value) == "table", "%s is a list, not %s", what, quoted(value))
  local last, count = 0, 0
  for key in pairs(value) do
    if key ~= "n" or not is_packed then
      check(math.type(key) == "integer" and key >= 1, "%s is a list, not a table with the key %s", what, quoted(key))
      last, count = math.max(last, key), count + 1
    end
  end
  return last, count
end

-- Returns the length of a list without holes; of none where there is no list.
local function check_list(value, what)
  if value == nil then
    return 0
  end
  local last, count = extent(value, what)
  for place = 1, count < last and last or 0 do
    check(value[place] ~= nil, "%s[%d] is nil", what, place)
  end
  return last
end

-- Most arguments of a child: more are a mistake, and do not fit on Lua's stack at some point.
local MOST_ARGUMENTS <const> = 250

local function check_args(value, what)
  if value == nil then
    return { n = 0 }
  end
  local last = extent(value, what, true)
  local args = { n = value.n or last }
  check(math.type(args.n) == "integer" and args.n >= 0, "%s.n is the number of arguments, not %s", what, quoted(args.n))
  if args.n > MOST_ARGUMENTS then
    local message = ("%s has %d arguments, more than %d"):format(what, args.n, MOST_ARGUMENTS)
    error(failures.beyond("max_args", MOST_ARGUMENTS, message))
  end
  return table.move(value, 1, args.n, 1, args)
end

local complete

-- The ways to start a child, of which each child names one.
local function check_start(given, what)
  local ways = {}
  for _, key in ipairs { "definition", "server", "supervisor", "start" } do
    if given[key] ~= nil then
      ways[#ways + 1] = quoted(key)
    end
  end
  check(#ways > 0, "%s has none of 'definition', 'server', 'supervisor' and 'start'; give one", what)
  check(#ways == 1, "%s has %s; give one of them", what, table.concat(ways, " and "))
  for _, key in ipairs { "definition", "server", "supervisor" } do
    local remedy = "put it in a file, and name that definition"
    check(type(given[key]) ~= "function", "%s.%s is a function, which cannot leave its process; %s", what, key, remedy)
  end
  check_text(given.definition, what .. ".definition")
  check_text(given.server, what .. ".server")
  local is_function = given.start == nil or type(given.start) == "function"
  check(is_function, "%s.start is a function, not %s", what, quoted(given.start))
  check(not (given.start and given.name), "%s has a start function, which gives the name itself", what)
  if type(given.supervisor) == "table" then
    check(given.args == nil, "%s.args go to a definition; this supervisor is a table", what)
    complete(given.supervisor, what .. ".supervisor")
  else
    check_text(given.supervisor, what .. ".supervisor")
  end
end

-- Returns the id of a child, and what messages call it.
local function id_of(given, defaults)
  local id = given.id or given.name or defaults.id or given.definition or given.server
  if id == nil and type(given.supervisor) ~= "table" then
    id = given.supervisor
  end
  if type(id) == "function" then
    check_start(given, "child")
  end
  local is_id = type(id) == "string" or math.type(id) == "integer"
  check(is_id, "a child without a name and a definition needs an id, text or integer")
  return id, defaults.what or spec.named(id)
end

local function child(given, defaults)
  check(type(given) == "table", "a child is a table, not %s", quoted(given))
  local id, what = id_of(given, defaults)
  check_table(given, CHILD_KEYS, what)
  check_start(given, what)
  local ready = given.ready
  check(ready == nil or type(ready) == "boolean", "%s.ready is true or false, not %s", what, quoted(ready))
  local args, definition = check_args(given.args, what .. ".args"), given.definition or given.server
  local description = type(given.supervisor) == "table" and given.supervisor or nil
  if description then
    definition, args = spec.SUPERVISOR, { n = 1, description }
  elseif given.supervisor then
    definition = given.supervisor
  end
  return {
    id = id,
    kind = given.supervisor and "supervisor" or "worker",
    definition = definition,
    start = given.start,
    host = check_text(given.host, what .. ".host"),
    args = args,
    -- The name of the arguments in errors.
    args_name = what .. ".args",
    description = description,
    described = what .. ".supervisor",
    name = check_text(given.name, what .. ".name"),
    restart = check_choice(given.restart or "permanent", RESTARTS, what .. ".restart"),
    shutdown = shutdown(given.shutdown or given.supervisor and "infinity" or "5s", what .. ".shutdown"),
    backoff = backoff(given.backoff, what .. ".backoff") or defaults.backoff,
    is_server = given.server ~= nil,
    -- It answers when it has started: a supervisor with its children, a server with its
    -- `init`.
    ready = given.supervisor ~= nil or given.server ~= nil or ready == true,
  }
end

-- Checks a template, which may leave open how a child starts.
local function check_template(given, what)
  check_table(given, CHILD_KEYS, what)
  local one = { id = "template" }
  for key, value in pairs(given) do
    one[key] = value
  end
  if not (one.definition or one.server or one.supervisor or one.start) then
    one.definition = spec.SUPERVISOR
  end
  child(one, { what = what })
end

-- The description of a child by a template and its own, which goes before.
local function merged(template, given)
  if not template then
    return given
  end
  check(type(given) == "table", "a child is a table, not %s", quoted(given))
  local both = {}
  for key, value in pairs(template) do
    both[key] = value
  end
  for key, value in pairs(given) do
    both[key] = value
  end
  -- The arguments of the template come first.
  if template.args and given.args then
    local args = check_args(template.args, "child.args")
    local more = check_args(given.args, "child.args")
    table.move(more, 1, more.n, args.n + 1, args)
    args.n = args.n + more.n
    both.args = args
  end
  return both
end

function complete(given, what)
  check(type(given) == "table", "the description of a supervisor is a table, not %s", quoted(given))
  check_table(given, SUPERVISOR_KEYS, what)
  local strategy = check_choice(given.strategy or "one_for_one", STRATEGIES, what .. ".strategy")
  check(strategy == "dynamic" or given.child == nil, "%s.child is the template of strategy 'dynamic'", what)
  check(strategy == "dynamic" or given.max_children == nil, "%s.max_children is a limit of strategy 'dynamic'", what)
  check(strategy ~= "dynamic" or given.children == nil, "%s: strategy 'dynamic' begins without children", what)
  if given.child ~= nil then
    check_template(given.child, what .. ".child")
  end
  local count = check_list(given.children, what .. ".children")
  local result = {
    strategy = strategy,
    max_restarts = given.max_restarts == math.huge and math.huge
      or check_integer(given.max_restarts or 3, 0, what .. ".max_restarts"),
    within = nanoseconds(given.within or "5s", what .. ".within"),
    backoff = backoff(given.backoff, what .. ".backoff"),
    max_children = given.max_children and check_integer(given.max_children, 0, what .. ".max_children"),
    template = given.child,
    children = {},
  }
  local seen = {}
  for place = 1, count do
    local complete_child = child(given.children[place], { backoff = result.backoff })
    check(not seen[complete_child.id], "%s has two children with the id %s", what, quoted(complete_child.id))
    seen[complete_child.id] = true
    result.children[place] = complete_child
  end
  return result
end

-- For the descriptions of other modules.
spec.checked, spec.check, spec.check_table, spec.check_number = checked, check, check_table, check_number
spec.check_text, spec.check_args, spec.nanoseconds, spec.backoff = check_text, check_args, nanoseconds, backoff
spec.shutdown, spec.check_integer = shutdown, check_integer

-- Checks the child that describes the processes of a registry. Their keys stand in the place
-- of names and ids, and come behind their arguments.
function spec.check_registry(given)
  return checked(function()
    check_table(given, CHILD_KEYS, "child")
    for _, key in ipairs { "id", "name" } do
      check(given[key] == nil, "child has the key '%s'; each process of a registry has its own key instead", key)
    end
    local is_table = type(given.supervisor) == "table"
    check(not is_table, "child.supervisor is a table, which is given no key; name a definition")
    child(given, { id = "child", what = "child" })
    return true
  end)
end

-- Returns a complete description of a supervisor; or nil and an error of kind INVALID.
function spec.supervisor(given)
  return checked(complete, given, "supervisor")
end

-- Refuses start functions, which cannot leave this process.
local function check_start_functions(given)
  for _, one in ipairs(given.children or { given.child }) do
    if one.start then
      check(false, "%s.start works only in supervisor.run", spec.named(one.id or "?"))
    elseif type(one.supervisor) == "table" then
      check_start_functions(one.supervisor)
    end
  end
end

-- The same of a description that another process will run.
function spec.to_send(given)
  return checked(function()
    local result = complete(given, "supervisor")
    check_start_functions(given)
    return result
  end)
end

-- Returns a complete description of a child that is added at run time. `defaults` has
-- the supervisor's template and backoff, and an id for a child that has none.
function spec.child(given, defaults)
  return checked(function()
    return child(merged(defaults.template, given), defaults)
  end)
end

return spec
