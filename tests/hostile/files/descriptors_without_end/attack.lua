-- tries: open files until nobody else can
-- end: returned
local full, hogs = process.listen("full"), {}
for _ = 1, 10 do assert(process.spawn_linked("app:hog", "app:attackers", process.pid())) end
local all = 0
for _ = 1, 10 do all = all + full:receive() end
assert(all >= 590 and all <= 600, all)
assert(not io.open("warren.toml"))
