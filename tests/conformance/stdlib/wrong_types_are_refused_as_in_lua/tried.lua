-- Calls a function with each kind of value in the place of each argument, and says
-- what comes of it: a line for each argument, with the kinds that are taken, and the
-- messages for all others.
local kinds = { "nil", "boolean", "number", "string", "table", "function", "thread", "FILE*" }
local function nothing() end
local samples = { boolean = true, number = 1, string = "/x", table = {}, ["function"] = nothing }

-- The text between the commas of a call.
local function parts(arguments)
  local list, depth, from = {}, 0, 1
  for at = 1, #arguments do
    local byte = arguments:sub(at, at)
    depth = depth + ((byte == "{" or byte == "(") and 1 or (byte == "}" or byte == ")") and -1 or 0)
    if byte == "," and depth == 0 then
      list[#list + 1] = arguments:sub(from, at - 1)
      from = at + 1
    end
  end
  list[#list + 1] = from <= #arguments and arguments:sub(from) or nil
  return list
end

local function outcome(code, value)
  local thread, file = coroutine.create(nothing), io.stderr
  local chunk = assert(load("local VALUE, THREAD, FILE, NOTHING = ... local one = " .. code .. " return one", "=x"))
  local ok, why = pcall(chunk, value, thread, file, nothing)
  return not ok and tostring(why) or nil
end

return function(call)
  local name, arguments = call:match("^([%w_.:]+)%((.*)%)$")
  local list = parts(arguments)
  local result = {}
  local function try(place, kind, code, value)
    local why = outcome(code, value)
    if why and why:find("bad argument", 1, true) then
      why = why:gsub("got " .. kind:gsub("%*", "%%*") .. "%)", "got KIND)")
      result[place] = result[place] or {}
      local messages = result[place]
      messages[why] = messages[why] and messages[why] .. " " .. kind or kind
    end
  end
  for place = 1, #list do
    local keep = list[place]
    for _, kind in ipairs(kinds) do
      list[place] = "VALUE"
      local value = samples[kind]
      if kind == "thread" then
        value = coroutine.create(nothing)
      elseif kind == "FILE*" then
        value = io.stderr
      end
      -- Calls that would wait for input, or close streams that others need.
      if not (kind == "FILE*" and (name:find("^io") or name == "FILE:close")) then
        try(place, kind, name .. "(" .. table.concat(list, ", ") .. ")", value)
      end
    end
    -- The compiler chooses the argument that C looks at first.
    if name ~= "math.fmod" then
      try(place, "no value", name .. "(" .. table.concat(list, ", ", 1, place - 1) .. ")")
    end
    list[place] = keep
  end
  local lines = {}
  for place = 1, #list do
    local messages = {}
    for why, refused in pairs(result[place] or {}) do
      messages[#messages + 1] = why .. " for " .. refused
    end
    table.sort(messages)
    lines[place] = table.concat(messages, "; ")
  end
  return lines
end
