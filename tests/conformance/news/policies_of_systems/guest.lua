-- Tries what its scope allows, and what not.
return function()
  local function try(value, err)
    if value then return "allowed" end
    assert(err:kind() == errors.PERMISSION_DENIED and err:retryable() == false)
    return "denied " .. err:details().action .. " " .. err:details().resource
  end
  return {
    shop = try(events.subscribe("shop.*")),
    all = try(events.subscribe("*")),
    orders = try(events.subscribe("shop.orders")),
    runtime = try(events.subscribe("warren.processes")),
    other_of_runtime = try(events.subscribe("warren.*")),
    send = try(events.send("shop.orders", "created", "7")),
    send_bank = try(events.send("bank", "created", "7")),
  }
end
