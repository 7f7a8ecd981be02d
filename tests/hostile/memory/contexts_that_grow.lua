-- tries: have each generation inherit a larger context than the one before
-- end: failed Invalid
-- says: max_message
local generation = ... or 0
local spawner = assert(process.with_context { ["key" .. generation] = ("x"):rep(50000) })
local value, err = spawner:exec("app:attack", "app:attackers", generation + 1)
return value, err
