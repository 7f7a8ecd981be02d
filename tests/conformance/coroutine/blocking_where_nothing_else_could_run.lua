-- Blocking that would raise works if nothing else could run anyway.
-- shows: O-9

local function awake()
  assert(time.sleep("1ms"))
  return "text"
end
assert(tostring(setmetatable({}, { __tostring = awake })) == "text")
local fine, handled = xpcall(error, function(message)
  return message .. awake()
end, "some ")
assert(not fine and handled == "some text")
local read = false
local chunk = assert(load(function()
  if not read then
    read = true
    awake()
    return "return 7"
  end
end))
assert(chunk() == 7)
