-- Runs each form of recursion in a process of its own and prints how it went:
-- `caught` with the message where `pcall` in that process caught an error,
-- `ended` where the process ended by it, `returned` where nothing happened.

local names = {}
for name in pairs(require("forms")) do
  names[#names + 1] = name
end
table.sort(names)

local events = process.events()
for _, name in ipairs(names) do
  local pid = assert(process.spawn_monitored("app:one", "app:processes", name))
  local event = events:receive()
  assert(event.from == pid)
  local result = event.result
  local how = result.error and "ended" or result.value.caught and "caught" or "returned"
  local message = result.error or result.value.caught or ""
  -- Messages of nested calls pile up: the end is what tells.
  print(name, how, message:gsub("%s+", " "):sub(-200))
end
