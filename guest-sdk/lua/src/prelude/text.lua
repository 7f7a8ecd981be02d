-- text.regexp: regular expressions, which the runtime matches.

local native = ...
local call, object, state = native.call, native.object, native.state
local public, bad_argument = native.public, native.bad_argument
local type, next, sub, tointeger = type, next, string.sub, math.tointeger

local class = { __name = "regexp", __metatable = "regexp" }
local methods = {}
class.__index = methods

local function self_of(re, method)
  return state(re, class) or bad_argument(1, method, "regexp", re)
end

-- Raises for an argument of a wrong type. The runtime refuses one that is missing.
local function check(place, method, expected, value)
  if value ~= nil and type(value) ~= expected then
    bad_argument(place, method, expected, value)
  end
end

-- The matches in a text, at most `most` of them, each a list of places; or nil and why not.
local function find(re, method, s, most, groups)
  local self = self_of(re, method)
  check(2, method, "string", s)
  return call("text.regexp.find", self.pattern, s, most, groups)
end

-- The texts of a match and of its groups.
local function texts(s, places)
  local list = {}
  for n = 1, #places, 2 do
    list[(n + 1) // 2] = sub(s, places[n], places[n + 1])
  end
  return list
end

function methods.match_string(re, s)
  local self = self_of(re, "match_string")
  check(2, "match_string", "string", s)
  return call("text.regexp.match", self.pattern, s)
end

function methods.find_string(re, s)
  local found, err = find(re, "find_string", s, 1)
  if not found or not found[1] then
    return nil, err
  end
  return sub(s, found[1][1], found[1][2])
end

function methods.find_all_string(re, s)
  local found, err = find(re, "find_all_string", s)
  if not found then
    return nil, err
  end
  for n = 1, #found do
    found[n] = sub(s, found[n][1], found[n][2])
  end
  return found
end

function methods.find_string_submatch(re, s)
  local found, err = find(re, "find_string_submatch", s, 1, true)
  if not found or not found[1] then
    return nil, err
  end
  return texts(s, found[1])
end

function methods.find_all_string_submatch(re, s)
  local found, err = find(re, "find_all_string_submatch", s, nil, true)
  if not found then
    return nil, err
  end
  for n = 1, #found do
    found[n] = texts(s, found[n])
  end
  return found
end

function methods.find_string_index(re, s)
  local found, err = find(re, "find_string_index", s, 1)
  return found and found[1], err
end

function methods.find_all_string_index(re, s)
  local found, err = find(re, "find_all_string_index", s)
  return found and found[1] and found, err
end

function methods.replace_all_string(re, s, replacement)
  local self = self_of(re, "replace_all_string")
  check(2, "replace_all_string", "string", s)
  check(3, "replace_all_string", "string", replacement)
  return call("text.regexp.replace", self.pattern, s, replacement)
end

function methods.split(re, s, n)
  check(3, "split", "number", n)
  local most = tointeger(n) or n
  if most and most < 0 then
    most = nil
  end
  local found, err = find(re, "split", s, most)
  if not found then
    return nil, err
  elseif most == 0 or s == "" then
    return (most == 0 or self_of(re, "split").pattern == "") and {} or { "" }
  end
  local parts, from, upto = {}, 1, 0
  for _, places in next, found do
    if most and #parts == most - 1 then
      break
    end
    upto = places[1] - 1
    -- An empty match at the beginning splits nothing off.
    if places[2] > 0 then
      parts[#parts + 1] = sub(s, from, upto)
    end
    from = places[2] + 1
  end
  if upto ~= #s then
    parts[#parts + 1] = sub(s, from)
  end
  return parts
end

function methods.num_subexp(re)
  return #self_of(re, "num_subexp").names - 1
end

function methods.subexp_names(re)
  local names, copy = self_of(re, "subexp_names").names, {}
  for n = 1, #names do
    copy[n] = names[n]
  end
  return copy
end

function methods.string(re)
  return self_of(re, "string").pattern
end

for name, method in next, methods do
  methods[name] = public(method)
end

class.__tostring = methods.string

text = { regexp = {} }
native.loaded.text = text

text.regexp.compile = public(function(pattern)
  check(1, "compile", "string", pattern)
  local names, err = call("text.regexp.compile", pattern)
  return names and object(class, { pattern = pattern, names = names }), err
end)
