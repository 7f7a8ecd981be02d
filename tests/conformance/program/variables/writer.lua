return function(value)
  local before = env.get("SHARED")
  assert(env.set("SHARED", value))
  return { before = before, after = env.get("SHARED"), greeting = env.get("GREETING") }
end
