-- table.sort with comparisons that may block: the algorithm of Lua's own
-- ltablib.c, so that the same order function gives the same order.

local native = ...
local comparable, error = native.comparable, error
local random, tointeger = math.random, math.tointeger

-- Intervals up to this length take their middle as pivot.
local RANDOM_LIMIT = 100

local function less(a, b)
  comparable(a, b)
  return a < b
end

-- Returns the place of the pivot; nothing where `comes_before` contradicts
-- itself.
local function partition(t, low, high, pivot, comes_before)
  local i, j = low, high - 1
  while true do
    i = i + 1
    local a = t[i]
    while comes_before(a, pivot) do
      if i == high - 1 then
        return nil
      end
      i = i + 1
      a = t[i]
    end
    j = j - 1
    local b = t[j]
    while comes_before(pivot, b) do
      if j < i then
        return nil
      end
      j = j - 1
      b = t[j]
    end
    if j < i then
      t[high - 1], t[i] = a, t[high - 1]
      return i
    end
    t[i], t[j] = b, a
  end
end

-- False where `comes_before` contradicts itself.
local function sort(t, low, high, random_pivot, comes_before)
  while low < high do
    local a, b = t[low], t[high]
    if comes_before(b, a) then
      t[low], t[high] = b, a
    end
    if high - low == 1 then
      break
    end
    local p
    if high - low < RANDOM_LIMIT or random_pivot == 0 then
      p = (low + high) // 2
    else
      local quarter = (high - low) // 4
      p = random_pivot % (quarter * 2) + low + quarter
    end
    local middle = t[p]
    a = t[low]
    if comes_before(middle, a) then
      t[p], t[low] = a, middle
    else
      b = t[high]
      if comes_before(b, middle) then
        t[p], t[high] = b, middle
      end
    end
    if high - low == 2 then
      break
    end
    local pivot = t[p]
    t[p], t[high - 1] = t[high - 1], pivot
    p = partition(t, low, high, pivot, comes_before)
    if not p then
      return false
    end
    local shorter
    if p - low < high - p then
      if not sort(t, low, p - 1, random_pivot, comes_before) then
        return false
      end
      shorter = p - low
      low = p + 1
    else
      if not sort(t, p + 1, high, random_pivot, comes_before) then
        return false
      end
      shorter = high - p
      high = p - 1
    end
    if (high - low) // 128 > shorter then
      random_pivot = random(0x7fffffff)
    end
  end
  return true
end

table.sort = native.choose("sort", table.sort, function(t, length, comes_before)
  if not length then
    length = tointeger(#t) or error("object length is not an integer", 3)
    if length >= 0x7fffffff then
      error("bad argument #1 to 'sort' (array too big)", 3)
    end
  end
  if not sort(t, 1, length, 0, comes_before or less) then
    -- The caller, past the function of C.
    error("invalid order function for sorting", 3)
  end
end)
