-- Mistakes in tables of handlers. Such a table has other functions besides, of any name: a
-- name is a mistake only if a slip of typing explains it that makes no other word.

local handlers = {}

local NAMES <const> = { "init", "call", "cast", "info", "event", "terminate", "upgrade" }

-- Returns true if `name` is `handler` with a letter missing behind the first, with a letter
-- doubled, or with two letters in the wrong order.
local function is_slip(name, handler)
  for place = 1, #handler do
    local before, letter, after = handler:sub(1, place - 1), handler:sub(place, place), handler:sub(place + 1)
    if place > 1 and name == before .. after
      or name == before .. letter .. letter .. after
      or after ~= "" and name == before .. after:sub(1, 1) .. letter .. after:sub(2)
    then
      return true
    end
  end
  return false
end

local function may_be_called(value)
  local kind = type(value)
  return kind == "function" or (kind == "table" or kind == "userdata") and getmetatable(value) ~= nil
end

-- Returns what is wrong with a table of handlers; nothing if nothing is.
function handlers.mistake(module)
  for _, name in ipairs(NAMES) do
    local handler = module[name]
    if handler == nil then
      for other, value in next, module do
        if type(value) == "function" and type(other) == "string" and is_slip(other, name) then
          return ("no handler has the name '%s'; did you mean '%s'?"):format(other, name)
        end
      end
    elseif not may_be_called(handler) then
      return ("the handler '%s' is a function, not a %s"):format(name, type(handler))
    end
  end
end

return handlers
