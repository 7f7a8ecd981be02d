-- Asks for prices by name, and has a component ask with the types of its own WIT.

return function()
  local lines = {}
  local function say(...) lines[#lines + 1] = string.format(...) end

  local price = assert(capability.call("pricing.quote", "tea", 2))
  say("2 tea: %d cents a %s", price.cents, price.unit_name)

  local _, err = capability.call("pricing.quote", "gold", 1)
  say("gold: %s (%s)", err:message(), err:kind())

  local unit = assert(process.exec("shop:buyer", "app:processes"))
  say("a component buys by the %s", unit)
  return lines
end
