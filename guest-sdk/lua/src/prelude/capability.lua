-- capability: the operations of the runtime and of its embedder, by their names.

local native, capability = ...
local call, public, wrong = native.call, native.public, native.bad_argument
local kept = native.kept
local type, utf8_len, invalid = kept.type, kept.utf8_len, kept.invalid

capability.call = public(function(operation, ...)
  if operation == nil then
    return invalid("operation is missing")
  elseif type(operation) ~= "string" then
    wrong(1, "call", "string", operation)
  elseif not utf8_len(operation) then
    return invalid("operation is not UTF-8")
  end
  return call(operation, ...)
end, "capability.call")
