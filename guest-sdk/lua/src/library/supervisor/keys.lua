-- The requests of a registry: children by their ids alone, which are the keys. The PID of
-- one child may be the key of another.

local failure = require("warren.server.failures").failure

local keys = {}

local function not_found(key)
  return failure(errors.NOT_FOUND, "key not found: " .. tostring(key))
end

-- Returns the PID of the process of a key. Starts the process if there is none, and at once
-- if it waits for its restart.
function keys:start_key(_, key, args)
  local child = self:child_of(key)
  if not child then
    return self:start_new { id = key, args = args }
  elseif child.pid then
    return child.pid
  end
  return self:start_again(child)
end

function keys:find_key(_, key)
  local child = self:child_of(key)
  if not child then
    return nil, not_found(key)
  elseif not child.pid then
    return nil, failure(errors.NOT_FOUND, ("key has no process now: %s; it waits for its restart"):format(key))
  end
  return child.pid
end

function keys:stop_key(_, key)
  local child = self:child_of(key)
  if not child then
    return nil, not_found(key)
  end
  self:stop(child)
  self:remove(child)
  return true
end

return keys
