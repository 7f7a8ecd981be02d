-- tries: overflow a stack of the runtime with a failure that falls along a chain of links
-- end: failed Internal
-- grows: 200 MiB
-- says: linked process failed: the last of the chain
local first, left = ...
first = first or process.pid()
left = left or 900
if left == 0 then
  error("the last of the chain", 0)
end
assert(process.spawn_linked("app:attack", "app:attackers", first, left - 1))
process.inbox():receive()
