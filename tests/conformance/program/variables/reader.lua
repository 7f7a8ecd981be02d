return function()
  return { shared = env.get("SHARED") }
end
