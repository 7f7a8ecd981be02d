-- No status but 0 is a success, also one whose low bits are 0.
-- shows: A-9, A-10
-- status: 1
local me, host = process.id():match("[^#]+"), "app:processes"
local status = ...
if status then
  os.exit(status)
end
local events = process.events()
for _, status in ipairs { 1 << 32, 256, -1 } do
  assert(process.spawn_monitored(me, host, status))
  assert(events:receive().result.error, status)
end
os.exit(256)
