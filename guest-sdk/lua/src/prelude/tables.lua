-- The functions of `table`, ipairs, coroutine.close and os.time where they call
-- metamethods, which may block: the results and errors of Lua's own, but no
-- function of C between the caller and the metamethod. Arguments are checked
-- already; errors are raised past the function of C that calls these.

local native = ...
local error, type, pcall, select, next = error, type, pcall, select, next
local concat, unpack, tointeger, own_time = table.concat, table.unpack, math.tointeger, os.time

-- Given the level of the caller of the function of C.
local function length(t, level)
  local n = #t
  return tointeger(n) or error("object length is not an integer", level + 1)
end

local tables = {}

function tables.concat(t, separator, i, last)
  last = last or length(t, 3)
  local pieces, n = {}, 0
  while i <= last do
    local value = t[i]
    local kind = type(value)
    if kind ~= "string" and kind ~= "number" then
      error("invalid value (at index " .. i .. ") in table for 'concat'", 3)
    end
    n = n + 1
    pieces[n] = value
    if i == last then
      break
    end
    i = i + 1
  end
  return concat(pieces, separator)
end

function tables.unpack(t, i, last)
  last = last or length(t, 3)
  if i > last then
    return
  end
  local n = last - i
  -- The stack has less room; a negative number has overflowed.
  if n < 0 or n >= 1000000 then
    error("too many results to unpack", 3)
  end
  local values = {}
  for place = 0, n do
    values[place + 1] = t[i + place]
  end
  return unpack(values, 1, n + 1)
end

function tables.insert(t, count, place, value)
  local free = length(t, 3) + 1
  if count == 2 then
    t[free] = place
    return
  end
  -- As Lua compares, without a sign.
  if place < 1 or free < 1 or place > free then
    error("bad argument #2 to 'insert' (position out of bounds)", 3)
  end
  for i = free, place + 1, -1 do
    t[i] = t[i - 1]
  end
  t[place] = value
end

function tables.remove(t, place)
  local size = length(t, 3)
  place = place or size
  if place ~= size and (size + 1 < 0 or place < 1 or place > size + 1) then
    error("bad argument #2 to 'remove' (position out of bounds)", 3)
  end
  local value = t[place]
  while place < size do
    t[place] = t[place + 1]
    place = place + 1
  end
  t[place] = nil
  return value
end

function tables.move(from, first, last, place, to)
  if last >= first then
    local n = last - first
    if place > last or place <= first or (to ~= from) then
      for i = 0, n do
        to[place + i] = from[first + i]
      end
    else
      for i = n, 0, -1 do
        to[place + i] = from[first + i]
      end
    end
  end
  return to
end

for name, own in next, tables do
  table[name] = native.choose(name, table[name], own)
end

ipairs = native.choose("ipairs", ipairs, native.public(function(t, i)
  i = i + 1
  local value = t[i]
  if value ~= nil then
    return i, value
  end
end))

-- Fields that os.time reads, and writes back in order.
local FIELDS = { "year", "month", "day", "hour", "min", "sec", "yday", "wday", "isdst" }

os.time = native.choose("time", own_time, function(t)
  local fields = {}
  for place = 1, #FIELDS do
    local name = FIELDS[place]
    fields[name] = t[name]
  end
  local ok, result = pcall(own_time, fields)
  if not ok then
    error(result, 3)
  end
  for place = 1, #FIELDS do
    local name = FIELDS[place]
    t[name] = fields[name]
  end
  return result
end)

-- coroutine.close of one with variables to be closed, which failed with `err`
-- where `failed` is set. Returns what coroutine.close does.
local unclosed = native.unclosed
native.keep_close(function(thread, failed, err)
  local function close(any, method, value)
    if any then
      local ok, why = pcall(method, value, err)
      if not ok then
        failed, err = true, why
      end
      return true
    end
  end
  while close(unclosed(thread)) do
  end
  if failed then
    return false, err
  end
  return true
end)

table.create, _G.unpack = native.create, table.unpack
