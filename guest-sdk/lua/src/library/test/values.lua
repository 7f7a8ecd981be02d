-- Values in tests: equality by content, short texts, and the differences of tables.

local type, next, rawget, rawlen, getmetatable, tostring = type, next, rawget, rawlen, getmetatable, tostring
local pcall, concat, sort = pcall, table.concat, table.sort
local byte, find, format, gsub, sub = string.byte, string.find, string.format, string.gsub, string.sub
local utf8_len = utf8.len

-- Bytes of a text, elements of a table, and levels of tables that are shown.
local LONGEST <const>, WIDEST <const>, DEEPEST <const> = 200, 20, 4
-- Bytes of a value that are shown, about.
local BYTES <const> = 1000
-- Lines of a difference, and levels that one leads down.
local LINES <const>, LEVELS <const> = 10, 20
-- Keys of a table that are put in order.
local KEYS <const> = 1000

local values = {}

-- Returns true for equal values: tables are compared by their content, whatever their
-- metatables, all others as Lua compares them.
local function equal(a, b, seen)
  if a == b then
    return true
  elseif type(a) ~= "table" or type(b) ~= "table" then
    return false
  end
  -- Tables that are being compared further out are equal, unless something else differs.
  local compared = seen[a] or {}
  if compared[b] then
    return true
  end
  seen[a], compared[b] = compared, true
  for key, value in next, a do
    local other = rawget(b, key)
    if other == nil or not equal(value, other, seen) then
      return false
    end
  end
  for key in next, b do
    if rawget(a, key) == nil then
      return false
    end
  end
  return true
end

function values.equal(a, b)
  return equal(a, b, {})
end

local ESCAPES <const> = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function escape(char)
  return ESCAPES[char] or format("\\x%02x", byte(char))
end

local function quoted(text)
  local last = #text
  if last > LONGEST then
    last = LONGEST
    -- A character is not cut in two.
    while last > 0 and (byte(text, last + 1) or 0) & 0xC0 == 0x80 do
      last = last - 1
    end
  end
  local shown = sub(text, 1, last)
  shown = gsub(shown, utf8_len(shown) and '[%c"\\]' or '[%c"\\\x80-\xff]', escape)
  return '"' .. shown .. '"' .. (last < #text and "..." or "")
end

-- Returns what `tostring` makes of a value, in one line.
local function text_of(value)
  local made, text = pcall(tostring, value)
  if not made or type(text) ~= "string" then
    return "a " .. type(value) .. " whose __tostring fails"
  end
  local shown = gsub(sub(text, 1, LONGEST), "%c", escape)
  return shown .. (#text > LONGEST and "..." or "")
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

local show

local function key_of(key, left)
  if type(key) == "string" and find(key, "^[%a_][%w_]*$") and #key <= LONGEST then
    return key
  end
  return "[" .. show(key, left, DEEPEST, {}) .. "]"
end

-- Returns the first keys of a table, in order, without 1 to `count`.
local function keys_of(t, count)
  local keys = {}
  for key in next, t do
    if type(key) ~= "number" or key < 1 or key > count or key % 1 ~= 0 then
      keys[#keys + 1] = key
      if #keys == KEYS then
        break
      end
    end
  end
  sort(keys, precedes)
  return keys
end

-- Returns the text of a value. `left` has the bytes that may still be shown, `inside` the
-- tables around the value.
function show(value, left, depth, inside)
  local text
  local meta = getmetatable(value)
  if type(value) == "string" then
    text = quoted(value)
  elseif type(value) ~= "table" or type(meta) == "table" and rawget(meta, "__tostring") ~= nil then
    text = text_of(value)
  elseif inside[value] then
    text = "{itself}"
  elseif next(value) == nil then
    text = "{}"
  elseif depth == DEEPEST or left.bytes <= 0 then
    text = "{...}"
  else
    inside[value] = true
    local parts, count = {}, rawlen(value)
    for place = 1, count do
      if #parts == WIDEST then
        break
      end
      parts[#parts + 1] = show(rawget(value, place), left, depth + 1, inside)
    end
    for _, key in next, keys_of(value, count) do
      if #parts == WIDEST then
        break
      end
      parts[#parts + 1] = key_of(key, left) .. " = " .. show(rawget(value, key), left, depth + 1, inside)
    end
    inside[value] = nil
    local elements = 0
    for _ in next, value do
      elements = elements + 1
      if elements > #parts then
        parts[#parts + 1] = "..."
        break
      end
    end
    return "{" .. concat(parts, ", ") .. "}"
  end
  left.bytes = left.bytes - #text
  return text
end

-- Returns a value as text, in one line.
function values.show(value)
  return show(value, { bytes = BYTES }, 0, {})
end

local function step(key)
  if type(key) == "string" and find(key, "^[%a_][%w_]*$") then
    return "." .. key
  end
  return "[" .. values.show(key) .. "]"
end

local function add_differences(lines, path, expected, got, level, seen)
  if type(expected) ~= "table" or type(got) ~= "table" or level == LEVELS then
    if #lines < LINES then
      lines[#lines + 1] = "  " .. path .. ": expected " .. values.show(expected) .. ", got " .. values.show(got)
    else
      lines.more = true
    end
    return
  elseif seen[expected] == got then
    -- Further out, too.
    return
  end
  seen[expected] = got
  local keys = {}
  for key, value in next, expected do
    local other = rawget(got, key)
    if #keys < KEYS and (other == nil or not equal(value, other, {})) then
      keys[#keys + 1] = key
    end
  end
  for key in next, got do
    if #keys < KEYS and rawget(expected, key) == nil then
      keys[#keys + 1] = key
    end
  end
  sort(keys, precedes)
  for _, key in next, keys do
    if lines.more then
      return
    end
    add_differences(lines, path .. step(key), rawget(expected, key), rawget(got, key), level + 1, seen)
  end
end

-- Returns the differences of two tables, a line for each, behind a line break; nothing for
-- other values.
function values.differences(expected, got)
  if type(expected) ~= "table" or type(got) ~= "table" then
    return ""
  end
  local lines = {}
  add_differences(lines, "", expected, got, 0, {})
  if lines.more then
    lines[#lines + 1] = "  and more"
  end
  return "\n" .. concat(lines, "\n")
end

return values
