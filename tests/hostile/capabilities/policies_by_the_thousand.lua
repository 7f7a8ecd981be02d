-- tries: have a scope of a hundred thousand policies, and an actor of a megabyte, judged for ever
-- end: terminated
local ids = {}
for n = 1, 100000 do
  ids[n] = "policy" .. n
end
local scope = security.new_scope(ids)
local actor = security.new_actor("a", { text = ("x"):rep(1000000) })
for _ = 1, 50 do
  coroutine.spawn(function()
    while true do
      scope:evaluate(actor, "read", "resource")
    end
  end)
end
time.sleep("1h")
