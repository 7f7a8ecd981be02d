-- Counts the words of a text on all nodes of a cluster. A part of the text whose node goes down
-- is counted again on another node, so the result is right whatever happens to nodes.
--
--     main --part--> count (on the node with the fewest processes)
--          <-counts-

local part, nodes, rounds = ...

-- The nodes that serve do nothing by themselves: main starts the counts.
if part == "serve" then
  print("node " .. process.node() .. " is up")
  process.events():receive()
  return
end

local WORDS = { "the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog" }
local WORKERS = 8

-- Waits until so many nodes are up.
local function wait_for_nodes(count)
  assert(process.monitor_nodes())
  local events = process.events()
  while #process.nodes() < count do
    events:receive()
  end
end

-- Counts one part of the text, on another node after a node is down.
local function count(text)
  while true do
    local counts, err = process.exec("app:count", "*@app:processes", text)
    if counts then
      return counts
    elseif err:kind() ~= errors.UNAVAILABLE then
      error(err)
    end
  end
end

wait_for_nodes(tonumber(nodes or 1))
print(#process.nodes() .. " nodes count")

local parts, done = tonumber(rounds or 200), channel.new(0)
local next_part, totals = 0, {}
for _ = 1, WORKERS do
  coroutine.spawn(function()
    while next_part < parts do
      next_part = next_part + 1
      done:send(count(table.concat(WORDS, " ")))
    end
  end)
end
for n = 1, parts do
  for word, times in pairs((done:receive())) do
    totals[word] = (totals[word] or 0) + times
  end
  if n == parts // 4 then
    print("a quarter is counted")
  end
end

local sorted = {}
for word in pairs(totals) do
  sorted[#sorted + 1] = word
end
table.sort(sorted)
for _, word in ipairs(sorted) do
  print(word, totals[word])
end
