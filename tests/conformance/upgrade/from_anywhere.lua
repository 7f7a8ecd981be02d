-- `upgrade` succeeds wherever it is called, and nothing of the old code goes on.
-- shows: U-1, U-9

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

local function upgrade()
  process.upgrade(nil, "upgraded")
  error("the old code went on")
end

function child.in_pcall()
  pcall(pcall, upgrade)
end

function child.in_a_coroutine()
  coroutine.spawn(function()
    coroutine.wrap(upgrade)()
  end)
  process.inbox():receive()
end

function child.in_sort()
  table.sort({ 3, 2, 1 }, upgrade)
end

function child.in_gsub()
  return (("x"):gsub("x", upgrade))
end

function child.in_a_metamethod()
  return -setmetatable({}, { __unm = upgrade })
end

function child.in_tostring()
  return tostring(setmetatable({}, { __tostring = upgrade }))
end

function child.upgraded()
  return "upgraded"
end

return function(role)
  if role then
    return child[role]()
  end
  for role in pairs(child) do
    local value, err = process.exec(me, host, role)
    assert(value == "upgraded", role .. ": " .. tostring(err))
  end
end
