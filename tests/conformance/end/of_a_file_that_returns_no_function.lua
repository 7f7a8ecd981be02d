-- The end of a file that returns neither function nor table tells what it has returned, and all
-- of the error behind that.
-- shows: A-3

local how = ...
if how == "text" then
  return false, "no luck"
elseif how == "error" then
  return 5, errors.new { message = "sold out", kind = errors.CONFLICT, retryable = true, details = { left = 0 } }
elseif how == "number" then
  return 5, 7
end

local me, why = process.id():match("[^#]+"), "; a function or a table of functions was expected"

local _, err = process.exec(me, nil, "text")
assert(tostring(err) == "the file returned a boolean" .. why .. ": no luck", err)
assert(err:kind() == errors.UNKNOWN)

_, err = process.exec(me, nil, "error")
assert(tostring(err) == "the file returned a number" .. why .. ": sold out", err)
assert(err:message() == "sold out" and err:kind() == errors.CONFLICT)
assert(err:retryable() == true and err:details().left == 0)

_, err = process.exec(me, nil, "number")
assert(tostring(err) == "the file returned a number" .. why and err:kind() == errors.INVALID, err)
