-- Publishes jobs without end, and says so for each one that was acknowledged. With the word
-- `drain` it publishes none, waits until all are done, and tells what was done.

local round = ...
local done = assert(store.get("done"))

if round == "drain" then
  for _, id in ipairs { "work", "dead" } do
    repeat until assert(queue.info(id)).message_count == 0
  end
  local page = { has_more = true }
  while page.has_more do
    page = assert(done:list { after = page.cursor, limit = 1000 })
    for _, item in ipairs(page.items) do
      print("done " .. item.key)
    end
  end
  os.exit(0)
end

-- A job ends when it is acknowledged, when its process returns, or when it has failed too often.
local SORTS <const> = { "acked", "acked", "returned", "returned", "failing" }
for n = 1, math.huge do
  local name = ("%s-%s-%d"):format(SORTS[n % #SORTS + 1], round, n)
  local ok, err
  repeat
    ok, err = queue.publish("work", name)
  until ok or not errors.is(err, errors.RATE_LIMITED)
  assert(ok, err)
  print("published " .. name)
end
