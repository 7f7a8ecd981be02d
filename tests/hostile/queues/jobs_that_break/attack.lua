-- tries: upset the consumers of a queue by jobs that end in every way, settle their message again and again, and leave others behind
-- end: returned
local WAYS <const> = {
  "false", "raise", "raise_much", "memory", "recursion", "terminate", "upgrade", "exit",
  "settle", "return_much", "leave",
}
-- Those whose message is done at the first attempt.
local DONE <const> = { settle = true, return_much = true, leave = true }
local EACH <const> = 20
for _ = 1, EACH do
  for _, way in ipairs(WAYS) do
    assert(queue.publish("work", way, { way = way, large = ("x"):rep(10000) }))
  end
end
repeat until queue.info("work").message_count == 0
local failing = 0
for _, way in ipairs(WAYS) do
  failing = failing + (DONE[way] and 0 or 1)
end
local dead = queue.info("dead").message_count
assert(dead == failing * EACH, dead)
