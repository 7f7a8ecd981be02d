-- Policies decide on the pattern of a subscription and on the system of an event. The
-- runtime's systems need a policy that permits them.
-- shows: EV-8
local sub = assert(events.subscribe("*"))
local could = assert(process.exec("app:guest", "app:guests"))
for what, expected in pairs {
  shop = "allowed", all = "denied events.subscribe *", orders = "denied events.subscribe shop.orders",
  runtime = "allowed", other_of_runtime = "denied events.subscribe warren.*",
  send = "allowed", send_bank = "denied events.send bank",
} do
  assert(could[what] == expected, what .. ": " .. tostring(could[what]))
end
assert(sub:channel():receive().system == "shop.orders")
assert(channel.select({ sub:channel():case_receive() }, true).default)
local _, err = events.subscribe("warren.processes")
assert(errors.is(err, errors.PERMISSION_DENIED))
