-- The process fails with a text and a structured error, whatever value it raises.
-- shows: E-4

local me, host = process.id():match("[^#]+"), "app:processes"

local raised = {
  nothing = nil,
  number = 42,
  boolean = false,
  table = { code = 1 },
  func = print,
  described = setmetatable({}, { __tostring = function() return "described" end }),
  badly_described = setmetatable({}, { __tostring = function() return {} end }),
  failing = setmetatable({}, { __tostring = function() error("while describing") end }),
}

return function(what)
  if what then
    error(raised[what])
  end
  local events = process.events()
  for _, what in ipairs { "nothing", "number", "boolean", "table", "func", "described", "badly_described", "failing" } do
    assert(process.spawn_monitored(me, host, what))
    local result = events:receive().result
    assert(type(result.error) == "string" and result.value == nil, what)
    assert(result.cause:kind() == errors.INTERNAL and result.cause:message() == result.error, what)
    assert(what ~= "described" or result.error == "described")
    assert(what ~= "number" or result.error:find("42", 1, true))
  end
end
