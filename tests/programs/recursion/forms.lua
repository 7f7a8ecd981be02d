-- Recursion without end, in every form Lua has: through its interpreter, its
-- parser, its library functions, and what this runtime adds.

local DEEP <const> = 100000

local forms = {}

function forms.calls()
  local function f(n)
    return 1 + f(n + 1)
  end
  return f(1)
end

-- The smallest frames, of which the most fit on the stack.
function forms.smallest()
  local function f()
    f()
  end
  f()
end

function forms.tables()
  local function f()
    local t = {}
    f()
    return t
  end
  f()
end

function forms.closures()
  local function f(inner)
    local function outer()
      return inner
    end
    f(outer)
    return outer
  end
  f()
end

function forms.varargs()
  local function f(...)
    local n = f(...)
    return n
  end
  f(1, 2, 3)
end

function forms.pcall()
  local function f()
    local _, message = pcall(f)
    error(message, 0)
  end
  f()
end

function forms.xpcall_handler()
  local function handler(message)
    error(message)
  end
  local _, message = xpcall(error, handler, "x")
  error(message, 0)
end

-- Patterns.

function forms.pattern()
  return string.find(("a"):rep(300000), ("a?"):rep(300000))
end

function forms.pattern_lazy()
  return string.find(("a"):rep(300000), ("a-"):rep(300000) .. "b")
end

function forms.pattern_captures()
  return string.match(("a"):rep(100), ("(a"):rep(50))
end

function forms.gsub()
  local function replace(s)
    return (s:gsub(".", replace))
  end
  return ("x"):gsub(".", replace)
end

-- The parser.

local function parse(source)
  return function()
    return assert(load(source()))
  end
end

forms.parser_parentheses = parse(function()
  return "return " .. ("("):rep(DEEP) .. "1" .. (")"):rep(DEEP)
end)
forms.parser_tables = parse(function()
  return "return " .. ("{"):rep(DEEP) .. ("}"):rep(DEEP)
end)
forms.parser_calls = parse(function()
  return "return " .. ("f("):rep(DEEP) .. (")"):rep(DEEP)
end)
forms.parser_blocks = parse(function()
  return ("do "):rep(DEEP) .. ("end "):rep(DEEP)
end)
forms.parser_conditions = parse(function()
  return ("if x then "):rep(DEEP) .. ("end "):rep(DEEP)
end)
forms.parser_functions = parse(function()
  return ("return function() "):rep(DEEP) .. ("end "):rep(DEEP)
end)
forms.parser_unary = parse(function()
  return "return " .. ("- "):rep(DEEP) .. "1"
end)
forms.parser_concat = parse(function()
  return "return " .. ("'x' .. "):rep(DEEP) .. "'x'"
end)
forms.parser_reader = function()
  local function reader()
    assert(load(reader))
  end
  return assert(load(reader))
end

-- Metamethods.

function forms.index_chain()
  local t = {}
  for _ = 1, DEEP do
    t = setmetatable({}, { __index = t })
  end
  return t.x
end

function forms.newindex_chain()
  local t = {}
  for _ = 1, DEEP do
    t = setmetatable({}, { __newindex = t })
  end
  t.x = 1
end

-- A value of which this operation needs the same operation.
local function recurring(event, operation)
  return function()
    local class = {}
    local value, other = setmetatable({}, class), setmetatable({}, class)
    class[event] = function(a, b, c)
      return operation(a, b, c)
    end
    return operation(value, other, 1)
  end
end

forms.index = recurring("__index", function(t, key)
  return t[key]
end)
forms.newindex = recurring("__newindex", function(t, key, value)
  t[key] = value
end)
forms.call = recurring("__call", function(t)
  return 1 + t()
end)
forms.concat = recurring("__concat", function(a, b)
  return a .. b
end)
forms.eq = recurring("__eq", function(a, b)
  return a == b
end)
forms.lt = recurring("__lt", function(a, b)
  return a < b
end)
forms.add = recurring("__add", function(a, b)
  return a + b
end)
forms.len = recurring("__len", function(t)
  return #t
end)
forms.tostring = recurring("__tostring", function(t)
  return tostring(t)
end)
forms.format = recurring("__tostring", function(t)
  return ("%s"):format(t)
end)
forms.pairs = recurring("__pairs", function(t)
  return pairs(t)
end)

function forms.close()
  local class = {}
  local function open()
    local _ <close> = setmetatable({}, class)
  end
  class.__close = open
  open()
end

function forms.table_concat()
  local t = {}
  setmetatable(t, {
    __index = function()
      return table.concat(t, "", 1, 2)
    end,
  })
  return table.concat(t, "", 1, 2)
end

function forms.sort()
  local function compare(a, b)
    table.sort({ 3, 1, 2 }, compare)
    return a < b
  end
  table.sort({ 3, 1, 2 }, compare)
end

-- Coroutines.

function forms.coroutine_resume()
  local function f()
    local _, message = coroutine.resume(coroutine.create(f))
    error(message, 0)
  end
  f()
end

function forms.coroutine_wrap()
  local function f()
    return coroutine.wrap(f)()
  end
  return f()
end

-- Values that leave the process.

local function nested()
  local t = {}
  for _ = 1, DEEP do
    t = { t }
  end
  return t
end

function forms.json_encode()
  return assert(json.encode(nested()))
end

function forms.json_decode()
  return assert(json.decode(("["):rep(DEEP)))
end

function forms.json_decode_objects()
  return assert(json.decode(('{"a":'):rep(DEEP)))
end

function forms.send()
  return assert(process.send(process.pid(), "t", nested()))
end

function forms.error_details()
  return assert(process.send(process.pid(), "t", errors.new { message = "x", details = nested() }))
end

function forms.require()
  package.preload.again = function()
    return 1 + require("again")
  end
  return require("again")
end

return forms
