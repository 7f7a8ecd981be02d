-- Tells what a store has, and then changes it without end, until the program is killed. With the
-- word `look` it changes nothing and waits; with `end` it ends.

local word = ...
local s = assert(store.get("ledger"))
local page = { has_more = true }
while page.has_more do
  page = assert(s:list { after = page.cursor, limit = 1000 })
  for _, item in ipairs(page.items) do
    print("has", item.key, item.value)
  end
end
print("ready")

if word ~= "end" then
  if word ~= "look" then
    for writer = 1, 8 do
      assert(process.spawn_linked("app:writer", "app:processes", writer, word))
    end
  end
  process.events():receive()
end
