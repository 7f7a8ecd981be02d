-- tries: stop the collector, so that memory has to be taken from others
-- end: terminated
collectgarbage("stop")
collectgarbage("setpause", 1000)
collectgarbage("setstepmul", 0)
for i = 1, math.huge do
  local _ = ("x"):rep(100000) .. i
  if i % 1000 == 0 then collectgarbage("generational") collectgarbage("incremental", 0, 0, 0) collectgarbage("stop") end
end
