-- tries: fill the memory of the runtime with series of metrics, by 50 processes, with labels of megabytes and names that forge lines
-- end: returned
-- prints: bounded
-- grows: 128
local target = ...
if target then
  local made, refused = 0, nil
  for n = 1, 1200 do
    local labels = {}
    for place = 1, 16 do
      labels[("l" .. place .. "_"):rep(10)] = (n .. "x"):rep(40)
    end
    local ok, err = metrics.counter_inc("flood" .. n % 7, labels)
    if ok then made = made + 1 else refused = err end
  end
  assert(made <= 1000 and errors.is(refused, errors.RATE_LIMITED), refused)
  process.send(target, "made", made)
  return
end
local made = process.listen("made")
for _ = 1, 50 do
  assert(process.spawn_linked("app:attack", "app:attackers", process.pid()))
end
for _ = 1, 50 do made:receive() end

local function invalid(ok, err)
  assert(not ok and errors.is(err, errors.INVALID), err)
end
for _, text in ipairs { ("x"):rep(10000000), "a\napp_forged 1", 'a"} 1', "\0", "" } do
  invalid(metrics.counter_inc(text))
  invalid(metrics.gauge_set("m", 1, { [text] = "x" }))
end
local bomb = {}
for n = 1, 100000 do bomb["l" .. n] = "x" end
invalid(metrics.counter_inc("m", bomb))
invalid(metrics.histogram("m", 1, { a = ("x"):rep(10000000) }))
-- A table that is changed while it is read, and values that are no text.
local odd = setmetatable({}, { __index = function() error("read") end, __pairs = function() error("walked") end })
for n = 1, 100000 do odd[n] = {} end
local ok, err = metrics.gauge_set("odd", 1, odd)
assert(ok or errors.is(err, errors.RATE_LIMITED), err)
for _ = 1, 20000 do
  metrics.counter_inc("again")
end
print("bounded")
