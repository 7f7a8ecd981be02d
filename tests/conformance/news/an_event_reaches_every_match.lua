-- An event reaches every subscription whose patterns match, the sender's own too.
-- shows: EV-1, EV-2, EV-3
local function paths(sub)
  local all = {}
  while true do
    local r = channel.select({ sub:channel():case_receive() }, true)
    if r.default then return table.concat(all, " ") end
    all[#all + 1] = r.value.path
  end
end

local subs = {
  { "shop.orders", nil, "1 2" },
  { "shop.orders", "", "1 2" },
  { "shop.orders", "created", "1" },
  { "shop.*", "*", "1 2 3" },
  { "shop*", "**", "1 2 3 4" },
  { "*", "c*", "1 2 3 4 5" },
  { "**", "created", "1 3 4 5" },
  { "shop.*", "closed", "2" },
  { "sho", nil, "" },
  { "shop.order?", nil, "" },
}
for _, sub in ipairs(subs) do
  sub.sub = assert(events.subscribe(sub[1], sub[2]))
  assert(sub.sub:channel() == sub.sub:channel())
end
for path, event in ipairs { { "shop.orders", "created" }, { "shop.orders", "closed" }, { "shop.bills", "created" }, { "shop", "created" }, { "bank\0", "created" } } do
  local sent, err = events.send(event[1], event[2], tostring(path))
  assert(sent == true and err == nil)
end
for _, sub in ipairs(subs) do
  local got = paths(sub.sub)
  assert(got == sub[3], sub[1] .. " " .. tostring(sub[2]) .. ": " .. got)
end

-- A later subscription does not get it.
local late = assert(events.subscribe("*"))
assert(paths(late) == "")

