-- string.gsub with a replacement that may block: the same results and errors
-- as Lua's, but no C function between the caller and the replacement.

local native = ...
-- Raises for a malformed pattern at the place of gsub's caller.
local find = native.choose("find", string.find)
local sub, byte = string.sub, string.byte
local concat = table.concat
local error, type = error, type

-- Given what `find` has found: where, what comes in its place, and true where that
-- is what was there. Nothing comes in the place of an empty match where the last one
-- has ended.
local function replaced(s, replace, matched, from, to, ...)
  if not from or to + 1 == matched then
    return from, to
  end
  local whole = sub(s, from, to)
  local value
  if ... == nil then
    value = replace(whole)
  else
    value = replace(...)
  end
  if not value then
    return from, to, whole, true
  end
  local kind = type(value)
  if kind ~= "string" and kind ~= "number" then
    -- The caller of this function's caller, past the function of C.
    error("invalid replacement value (a " .. kind .. ")", 4)
  end
  return from, to, value
end

local function gsub(s, pattern, replace, max)
  if type(replace) == "table" then
    local fields = replace
    replace = function(key)
      return fields[key]
    end
  end
  local anchored = byte(pattern) == 94 -- ^
  local pieces, n = {}, 0
  local at, matched, count, changed = 1, nil, 0, false
  while count < max do
    local from, to, value, stays = replaced(s, replace, matched, find(s, pattern, at))
    if not from then
      break
    end
    if value then
      count, changed = count + 1, changed or not stays
      if from > at then
        n = n + 1
        pieces[n] = sub(s, at, from - 1)
      end
      n = n + 1
      pieces[n] = value
      at = to + 1
      matched = at
    elseif at <= #s then
      n = n + 1
      pieces[n] = sub(s, at, at)
      at = at + 1
    else
      break
    end
    if anchored then
      break
    end
  end
  if not changed then
    return s, count
  end
  n = n + 1
  pieces[n] = sub(s, at)
  return concat(pieces, "", 1, n), count
end

string.gsub = native.choose("gsub", string.gsub, gsub)

string.dump = native.public(function()
  error("string.dump is not available: only text can be loaded", 3)
end)
