local ends = {}

function ends.for_memory()
  local kept = {}
  while true do
    kept[#kept + 1] = ("x"):rep(1000) .. #kept
  end
end

function ends.for_time()
  while true do end
end

local function deeper(n)
  return 1 + deeper(n + 1)
end

function ends.for_the_stack()
  deeper(1)
end

function ends.for_calls()
  local function protected()
    local _, why = pcall(protected)
    error(why, 0)
  end
  protected()
end

function ends.with_a_bug()
  error("a bug")
end

function ends.with_much()
  return ("x"):rep(2 << 20)
end

return function(how)
  return ends[how]()
end
