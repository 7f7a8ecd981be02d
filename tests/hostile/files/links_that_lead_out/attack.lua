-- tries: leave the granted directories through links that a guest makes: symbolic and hard ones, chains and circles
-- end: returned
-- unsaid: private
assert(process.exec("app:linker", "app:attackers") == nil)
for _, name in ipairs { "up", "absolute", "magic", "chain", "circle", "self", "neighbour", "up/secret.txt", "chain/secret.txt", "magic/secret.txt", "self/self/self" } do
  for _, mode in ipairs { "r", "w", "a", "r+" } do
    local file = io.open("out/" .. name, mode)
    assert(not file or not file:read(1), name)
  end
end
assert(io.open("data/inner.txt"):read("l") == "inner")
