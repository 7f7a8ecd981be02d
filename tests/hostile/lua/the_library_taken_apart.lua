-- tries: break the interpreter's own code, by taking away and replacing what it is built on
-- end: returned
local child = ...
local send, spawn, pid = process.send, process.spawn_monitored, process.pid()
local events, get = process.events(), setmetatable
local text = getmetatable("")
for _, library in ipairs { "string", "table", "coroutine", "math", "channel", "errors", "time", "process", "package", "debug", "io", "os" } do
  local t = _G[library]
  for k in next, t do if library ~= "process" then pcall(function() t[k] = function() error("gone") end end) end end
end
package.loaded, package.preload, package.searchers = nil, nil, nil
text.__index, text.__add, text.__gc = nil, nil, function() end
setmetatable(_G, { __index = function(_, k) error(k, 0) end, __newindex = function() end })
error, pcall, type, next, tostring, assert, select, require = nil, nil, nil, nil, nil, nil, nil, nil
process = nil
if not send(pid, "t", 1) then return nil, "cannot send" end
if child then return end
spawn("app:attack", "app:attackers", true)
events:receive()
