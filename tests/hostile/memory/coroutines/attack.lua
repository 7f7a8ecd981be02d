-- tries: a bomb of coroutines, each of which starts two more
-- end: failed RateLimited
-- says: memory
local function bomb()
  coroutine.spawn(bomb)
  coroutine.spawn(bomb)
  process.inbox():receive()
end
bomb()
