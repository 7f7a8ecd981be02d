return function()
  local _, denied = env.get("EMPTY")
  local _, set = env.set("SHARED", "three")
  local names = {}
  for name in pairs(env.get_all()) do
    names[#names + 1] = name
  end
  return {
    greeting = env.get("GREETING"), denied = denied:kind(), empty = os.getenv("EMPTY"), set = set:kind(),
    all = table.concat(names, " "), can = security.can("env.get", "GREETING"), cannot = security.can("env.get", "EMPTY"),
  }
end
