-- tries: leave open files behind by failing, upgrading and being terminated
-- end: returned
local how, round = ...
local open = {}
if how then for i = 1, 20 do open[i] = assert(io.open("attack.lua")) end end
if how == "fail" then error("with open files", 0) end
if how == "upgrade" and round < 30 then process.upgrade(nil, how, round + 1) end
if how == "wait" then process.send("attack", "open") process.inbox():receive() end
if how == "exit" then os.exit(0) end
if how then return end
process.registry.register("attack")
local events, ready = process.events(), process.listen("open")
for _ = 1, 20 do
  for _, end_ in ipairs { "fail", "upgrade", "exit", "wait", "return" } do
    local child = assert(process.spawn_monitored("app:attack", "app:attackers", end_, 1))
    if end_ == "wait" then
      ready:receive()
      process.terminate(child)
    end
    events:receive()
  end
end
