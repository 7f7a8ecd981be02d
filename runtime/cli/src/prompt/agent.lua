-- The process behind the prompt of `warren repl` and of `warren attach`.
--
-- Its requests come from nobody: only the program around the processes can send so. What it
-- says reaches the prompt by the operations of the capability `prompt`.

local call = require("capability").call
local load, pcall, xpcall, type, tostring, error = load, pcall, xpcall, type, tostring, error
local next, rawget, rawlen, pairs, select, pack = next, rawget, rawlen, pairs, select, table.pack
local sort, concat = table.sort, table.concat
local match, find, gsub, gmatch = string.match, string.find, string.gsub, string.gmatch
local sub, byte, format, rep = string.sub, string.byte, string.format, string.rep
local utf8_len, getinfo, traceback = utf8.len, debug.getinfo, debug.traceback
local getmetatable, setmetatable, sethook = debug.getmetatable, setmetatable, debug.sethook
local spawn, running, listen, choose = coroutine.spawn, coroutine.running, process.listen, channel.select
local is_kind, loaded, write_file = errors.is, package.loaded, io.write

-- The bytes that one input may print, and those of one piece of them.
local MOST <const>, PIECE <const> = 1048576, 16384
-- The keys of a table that are shown, the levels, the bytes of a text, and those of a value.
local KEYS <const>, DEEPEST <const>, LONGEST <const>, LARGEST <const> = 100, 8, 8192, 65536
-- Instructions of an input between two looks for Ctrl-C.
local LOOK <const> = 10000

-- Saying.

local left, lost = MOST, 0

local function say(kind, text)
  call("prompt.say", kind, sub(text, 1, LARGEST))
end

-- Prints a text, as far as the input may still print.
local function write(text)
  if #text > left then
    lost = lost + #text - left
    text = sub(text, 1, left)
  end
  left = left - #text
  local first = 1
  while first <= #text do
    local last = first + PIECE - 1
    -- A character is not cut in two.
    local cut = last
    while cut > last - 4 and (byte(text, cut + 1) or 0) & 0xC0 == 0x80 do
      cut = cut - 1
    end
    say("out", sub(text, first, cut))
    first = cut + 1
  end
end

-- Showing values.

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function escape(char)
  return ESCAPES[char] or format("\\x%02x", byte(char))
end

local function quoted(text)
  local shown = sub(text, 1, LONGEST)
  shown = gsub(shown, utf8_len(shown) and '[%c"\\]' or '[%c"\\\x80-\xff]', escape)
  return '"' .. shown .. '"' .. (#text > LONGEST and format("... (%d bytes)", #text) or "")
end

-- Returns what `tostring` makes of a value, in one line.
local function text_of(value)
  local made, text = pcall(tostring, value)
  if not made or type(text) ~= "string" then
    return "<" .. type(value) .. " whose __tostring fails>"
  end
  return (gsub(sub(text, 1, LONGEST), "%c", escape))
end

local function is_error(value)
  if type(value) ~= "userdata" then
    return false
  end
  local made, is = pcall(function()
    return is_kind(value, value:kind())
  end)
  return made and is
end

local function error_line(value)
  local kind = value:kind()
  return "error " .. (kind ~= "" and kind .. ": " or "") .. text_of(value)
end

-- Adds the names of the functions of a library, and of the libraries within it.
local function add_names(names, library, prefix, depth)
  for name, value in next, library do
    if type(name) == "string" then
      if type(value) == "function" then
        local full = prefix .. name
        local known = names[value]
        if not known or #full < #known or #full == #known and full < known then
          names[value] = full
        end
      elseif type(value) == "table" and depth > 0 then
        add_names(names, value, prefix .. name .. ".", depth - 1)
      end
    end
  end
end

-- Returns the names of all functions of the API.
local function names_of_functions()
  local names = {}
  for name, library in next, loaded do
    if type(name) == "string" and type(library) == "table" then
      add_names(names, library, name == "_G" and "" or name .. ".", name == "_G" and 0 or 1)
    end
  end
  return names
end

local function function_text(value, state)
  state.names = state.names or names_of_functions()
  local name = state.names[value]
  if not name then
    local info = getinfo(value, "S")
    name = info.what == "C" and "C" or info.short_src .. ":" .. info.linedefined
  end
  return "<function " .. name .. ">"
end

local function precedes(a, b)
  local kind, other = type(a), type(b)
  if kind ~= other then
    return kind < other
  elseif kind == "number" or kind == "string" then
    return a < b
  end
  return text_of(a) < text_of(b)
end

-- Returns the first keys of a table in order, without 1 to `count`, and the number of all.
local function keys_of(value, count)
  local keys, all = {}, 0
  for key in next, value do
    if math.type(key) ~= "integer" or key < 1 or key > count then
      all = all + 1
      if all <= KEYS then
        keys[all] = key
      end
    end
  end
  sort(keys, precedes)
  return keys, all
end

local render

local function key_text(key, state)
  if type(key) == "string" and find(key, "^[%a_][%w_]*$") then
    return key
  end
  return "[" .. render(key, 0, "", state) .. "]"
end

local function step(path, key)
  if type(key) == "string" and find(key, "^[%a_][%w_]*$") then
    return path .. "." .. key
  end
  return path .. "[" .. (type(key) == "string" and quoted(key) or text_of(key)) .. "]"
end

local function table_text(value, indent, path, state)
  state.inside[value] = path == "" and "." or path
  state.depth = state.depth + 1
  local items, count = {}, rawlen(value)
  local function add(key, item, prefix)
    local text = prefix .. render(item, indent + 2, step(path, key), state)
    state.left = state.left - #text
    items[#items + 1] = text
    return state.left > 0
  end
  local whole = true
  for i = 1, count < KEYS and count or KEYS do
    whole = add(i, rawget(value, i), "")
    if not whole then
      break
    end
  end
  local keys, all = keys_of(value, count)
  if whole then
    for _, key in next, keys do
      if not add(key, rawget(value, key), key_text(key, state) .. " = ") then
        break
      end
    end
  end
  if #items < count + all then
    items[#items + 1] = format("... %d more", count + all - #items)
  end
  state.inside[value] = nil
  state.depth = state.depth - 1
  local line = "{ " .. concat(items, ", ") .. " }"
  if indent + #line <= state.width and not find(line, "\n", 1, true) then
    return line
  end
  local margin = rep(" ", indent + 2)
  return "{\n" .. margin .. concat(items, ",\n" .. margin) .. ",\n" .. rep(" ", indent) .. "}"
end

-- Returns the text of a value that begins at the column `indent`. `path` leads to it.
function render(value, indent, path, state)
  local kind = type(value)
  if kind == "string" then
    return find(value, "^{[%w_.:-]+|0x%x+}$") and value or quoted(value)
  elseif kind == "function" then
    return function_text(value, state)
  elseif is_error(value) then
    return error_line(value)
  elseif kind ~= "table" then
    return text_of(value)
  end
  local meta = getmetatable(value)
  if type(meta) == "table" and rawget(meta, "__tostring") ~= nil then
    return text_of(value)
  elseif state.inside[value] then
    return "<cycle to " .. state.inside[value] .. ">"
  elseif next(value) == nil then
    return "{}"
  elseif state.depth >= DEEPEST or state.left <= 0 then
    return "{...}"
  end
  return table_text(value, indent, path, state)
end

local function shown(value, width)
  return render(value, 0, "", { inside = {}, depth = 0, left = LARGEST, width = width })
end

-- Returns the lines of an error below its first one.
local function below(value)
  local lines, details, stack = "", value:details(), value:stack()
  if details ~= nil then
    lines = "\n  details: " .. shown(details, 70)
  end
  for line in gmatch(type(stack) == "string" and stack or "", "[^\n]+") do
    -- The calls around the input are the prompt's.
    if find(line, "warren:prompt", 1, true) then
      break
    end
    lines = lines .. "\n  " .. line
  end
  return lines
end

-- Says the values of an input: in one line where they fit.
local function say_values(values, width)
  local texts, lines = {}, {}
  for i = 1, values.n do
    texts[i] = shown(values[i], width)
    lines[i] = texts[i] .. (is_error(values[i]) and below(values[i]) or "")
  end
  local line = concat(texts, "  ")
  local plain = #line <= width and not find(line, "\n", 1, true)
  for i = 1, values.n do
    plain = plain and lines[i] == texts[i]
  end
  for _, text in next, plain and { line } or lines do
    say("result", text)
  end
end

-- Returns the lines of a traceback that are the input's own.
local function own_lines(trace)
  local lines = {}
  for line in gmatch(trace, "[^\n]+") do
    if find(line, "warren:prompt", 1, true) or find(line, "in function 'xpcall'", 1, true) then
      break
    elseif sub(line, 1, 1) == "\t" then
      lines[#lines + 1] = "\n  " .. sub(line, 2)
    end
  end
  return concat(lines)
end

local INTERRUPTED <const> = "interrupted"

-- Catches what an input raises, with the calls that it is in.
local function caught(problem)
  return { problem = problem, trace = own_lines(traceback("", 2)) }
end

local function say_problem(got, width)
  local problem = got.problem
  if problem == INTERRUPTED then
    say("error", INTERRUPTED)
  elseif is_error(problem) then
    local kind = problem:kind()
    local text = sub(tostring(problem), 1, LARGEST)
    say("error", "error " .. (kind ~= "" and kind .. ": " or "") .. text .. below(problem))
  elseif type(problem) == "string" then
    say("error", sub(problem, 1, LARGEST) .. got.trace)
  else
    say("error", shown(problem, width) .. got.trace)
  end
end

-- The globals of inputs, over those of the process.

local env = setmetatable({}, { __index = _G })

function env.print(...)
  local texts = {}
  for i = 1, select("#", ...) do
    texts[i] = tostring((select(i, ...)))
  end
  write(concat(texts, "\t") .. "\n")
end

env.io = setmetatable({
  write = function(...)
    for i = 1, select("#", ...) do
      local text = select(i, ...)
      if type(text) ~= "string" and type(text) ~= "number" then
        -- Raises Lua's own message.
        return write_file(text)
      end
      write(text .. "")
    end
    return io.stdout
  end,
}, { __index = io })

-- help(what): the entry of a function, a library or a name in the page of the Lua API.
function env.help(what)
  local name = what
  if type(what) == "function" then
    name = what == env.print and "print" or names_of_functions()[what]
    if not name then
      error("this function is none of the API; help(\"process.send\") looks for a name", 2)
    end
  elseif type(what) == "table" then
    for known, library in next, loaded do
      if library == what then
        name = known
      end
    end
  end
  if what ~= nil and type(name) ~= "string" then
    error("help takes a function or library of the API, or its name as text", 2)
  end
  say("help", name or "")
end

-- reload(): takes the program's files as they are now.
function env.reload()
  local text, err = call("prompt.reload")
  if not text then
    error(err, 2)
  end
  write(text .. "\n")
end

-- Running inputs.

local stops = listen("prompt:stop")
local look = { stops:case_receive(), default = true }

-- The input that runs: its id, its coroutine, and true if Ctrl-C stops it.
local current
local inputs = 0

local function hook()
  local mine = current
  if mine and not mine.stopped and choose(look).value == mine.id then
    mine.stopped = true
  end
  if not mine or mine.stopped or mine.thread ~= running() then
    error(INTERRUPTED, 0)
  end
end

-- Returns a text whose first variable is a global, so that later inputs know it.
local function without_local(code)
  local before, rest = match(code, "^(%s*)local(%s+.*)$")
  if rest and (find(rest, "^%s+function%s") or find(rest, "^%s+[%a_][%w_]*[%w_,%s]*=[^=]")) then
    return before .. "     " .. rest
  end
end

-- Compiles an input, as an expression or as statements, to a function that is given `pack` and
-- returns the packed values. Returns nil, the error, and true where the input goes on in the
-- next line.
local function compiled(code, name)
  local chunk, first = load("return " .. code, name, "t", env)
  if chunk then
    -- A call in a return is a tail call, whose place errors do not know.
    local packed = load("local pack = ... return pack(" .. code .. "\n)", name, "t", env)
    return packed or function()
      return pack(chunk())
    end
  end
  local kept, why = without_local(code), nil
  if kept then
    chunk = load(kept, name, "t", env)
  end
  if not chunk then
    chunk, why = load(code, name, "t", env)
  end
  if not chunk then
    return nil, why, sub(first, -5) == "<eof>" or sub(why, -5) == "<eof>"
  end
  return function()
    return pack(chunk())
  end
end

local function finish()
  current = nil
  if lost > 0 then
    say("error", format("%d bytes more were not printed", lost))
  end
  say("done", "")
end

local function run(id, code, width)
  left, lost = MOST, 0
  local chunk, why, goes_on = compiled(code, "=input " .. inputs + 1)
  if goes_on then
    return say("more", "")
  elseif not chunk then
    inputs = inputs + 1
    say("error", why)
    return finish()
  end
  inputs = inputs + 1
  local mine = { id = id }
  current = mine
  spawn(function()
    mine.thread = running()
    sethook(hook, "", LOOK)
    local made, got = xpcall(chunk, caught, pack)
    sethook()
    if current ~= mine then
      -- It was interrupted while it waited, and nobody waits for it any more.
      return
    end
    if made and got.n > 0 then
      env._ = got[1]
      made, got = xpcall(say_values, caught, got, width)
    end
    if not made then
      say_problem(got, width)
    end
    finish()
  end)
end

-- Ends the wait for an input that itself waits.
local function interrupt(id)
  local mine = current
  if not mine or mine.id ~= id then
    return
  end
  current = nil
  if mine.thread then
    sethook(mine.thread, hook, "", 1)
  end
  say("error", INTERRUPTED)
  finish()
end

-- Completing.

local WORDS <const> = "and break do else elseif end false for function goto if in local nil not or"
  .. " repeat return then true until while"

-- Methods of objects, which keep their own list to themselves.
local METHODS <const> = "begin case_receive case_send close commit delete details entry execute from"
  .. " get incr info kind list message new_with payload prepare publish put query read receive"
  .. " release reset response result retryable rollback scanner send set stack stat stop topic"
  .. " watch with_actor with_context with_message with_name with_scope write spawn exec"
  .. " spawn_linked spawn_monitored format unix year month day hour minute second add sub"

local function index(value, key)
  local made, found = pcall(function()
    return value[key]
  end)
  if made then
    return found
  end
end

-- Adds the names in a table that begin with a text.
local function add_keys(found, value, prefix)
  -- A library that nobody has used yet is filled by this.
  index(value, "")
  for key in next, value do
    if type(key) == "string" and sub(key, 1, #prefix) == prefix and find(key, "^[%a_][%w_]*$") then
      found[key] = true
    end
  end
end

local function complete(text)
  local word = match(text, "[%w_.:]*$")
  local base, separator, prefix = match(word, "^(.*)([.:])([%w_]*)$")
  local found = {}
  if base == "" then
    -- The rest of what is no path of names, such as `f():`.
    return ""
  elseif not base then
    add_keys(found, env, word)
    add_keys(found, _G, word)
    for name in gmatch(WORDS, "%a+") do
      if word ~= "" and sub(name, 1, #word) == word then
        found[name] = true
      end
    end
  else
    local value = env
    for name in gmatch(base, "[^.:]+") do
      value = index(value, name)
    end
    local at, levels = value, 0
    while type(at) == "table" and levels < DEEPEST do
      add_keys(found, at, prefix)
      local meta = getmetatable(at)
      at, levels = type(meta) == "table" and rawget(meta, "__index"), levels + 1
    end
    if type(value) == "string" then
      add_keys(found, string, prefix)
    elseif type(value) == "userdata" then
      for name in gmatch(METHODS, "[%a_]+") do
        if sub(name, 1, #prefix) == prefix and index(value, name) ~= nil then
          found[name] = true
        end
      end
    end
    if separator == ":" then
      for name in next, found do
        if type(index(value, name)) ~= "function" then
          found[name] = nil
        end
      end
    end
  end
  local names = {}
  for name in next, found do
    names[#names + 1] = name
  end
  sort(names)
  return concat(names, "\n", 1, #names < KEYS * 3 and #names or KEYS * 3)
end

-- Requests.

local requests = {
  ["prompt:run"] = function(id, code, width)
    if current then
      return say("error", "the input before still runs")
    end
    run(id, code, width)
  end,
  ["prompt:interrupt"] = interrupt,
  ["prompt:complete"] = function(text)
    local made, names = pcall(complete, text)
    say("names", made and names or "")
  end,
}

local cases = {}
for topic in pairs(requests) do
  cases[#cases + 1] = listen(topic, { message = true }):case_receive()
end
while true do
  local message = choose(cases).value
  -- A process of the program may send, and is not obeyed.
  if message:from() == nil then
    requests[message:topic()](message:payload())
  end
end
