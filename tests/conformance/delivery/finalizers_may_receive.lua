-- A finalizer may receive where nothing else could run, also while a message is turned into values:
-- neither message is damaged.
-- shows: O-9
local COUNT = 400

local function payload(name, i)
  local values = {}
  for place = 1, 30 do
    values[place] = name .. ":" .. i .. ":" .. place
  end
  return values
end

local function check(name, values, i)
  assert(#values == 30)
  for place = 1, 30 do
    assert(values[place] == name .. ":" .. i .. ":" .. place, values[place])
  end
end

local a = process.listen("a")
local b = process.listen("b", { message = true })
for i = 1, COUNT do
  assert(process.send(process.pid(), "a", payload("a", i)))
  assert(process.send(process.pid(), "b", payload("b", i)))
end

local finalized, enough = 0, false
local function finalize()
  if not enough then
    finalized = finalized + 1
    local message = b:receive()
    assert(message:topic() == "b" and message:from() == process.pid())
    check("b", message:payload(), finalized)
  end
end
local problem
local class = {
  __gc = function()
    local fine, raised = pcall(finalize)
    problem = problem or not fine and raised
  end,
}
for i = 1, COUNT do
  setmetatable({}, class)
  check("a", (a:receive()), i)
end
assert(not problem, problem)
assert(finalized > 0, "no finalizer ran")
-- Garbage may be collected at any time: what is left is received here.
enough = true
for i = finalized + 1, COUNT do
  check("b", (b:receive()):payload(), i)
end
