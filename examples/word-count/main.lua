-- Counts the words of files: one process reads, several count, and this one
-- puts the counts together. Prints what this shell pipeline prints:
--
--     cat FILE... | LC_ALL=C tr -cs A-Za-z '\n' | tr A-Z a-z | sort | uniq -c
--
-- Usage, with a grant for what is to be read:
--
--     warren run --read FILE-OR-DIR examples/word-count FILE...
--
--     reader --text--> worker --counts--> main
--       |              worker
--       |              ...
--       '--piece------------------------> main

local WORKERS = 4

local function start_workers(watch)
  local workers = {}
  for i = 1, WORKERS do
    local pid = assert(process.spawn_monitored("app:worker", "app:processes", process.pid()))
    workers[i], watch[pid] = pid, true
  end
  return workers
end

-- Adds up what the others send until all of them have ended. Returns the
-- totals by word; or nil and the error one of them ended with.
local function collect(running)
  local counts, pieces = process.listen("counts"), process.listen("piece")
  local events = process.events()
  local totals, long = {}, {}

  while next(running) do
    -- The first case that is ready wins, and an EXIT can be read only when all
    -- that its sender sent before can. So no count is left when the last EXIT
    -- is taken.
    local got = channel.select { counts:case_receive(), pieces:case_receive(), events:case_receive() }
    if got.channel == counts then
      for word, count in pairs(got.value) do
        totals[word] = (totals[word] or 0) + count
      end
    elseif got.channel == pieces then
      -- A word too long for one message comes in pieces, in order, then false.
      if got.value then
        long[#long + 1] = got.value
      else
        local word = table.concat(long):lower()
        totals[word], long = (totals[word] or 0) + 1, {}
      end
    elseif got.value.kind == process.event.EXIT then
      running[got.value.from] = nil
      if got.value.result.error then
        return nil, got.value.result.cause
      end
    end
  end
  return totals
end

local function print_sorted(totals)
  local words = {}
  for word in pairs(totals) do
    words[#words + 1] = word
  end
  table.sort(words)
  for _, word in ipairs(words) do
    io.write(("%7d %s\n"):format(totals[word], word))
  end
end

return function(...)
  if select("#", ...) == 0 then
    return nil, "no files; usage: warren run --read FILE-OR-DIR examples/word-count FILE..."
  end
  local running = {}
  local workers = start_workers(running)
  local reader = assert(process.spawn_monitored("app:reader", "app:processes", { ... }, workers, process.pid()))
  running[reader] = true

  local totals, err = collect(running)
  if not totals then
    return nil, err
  end
  print_sorted(totals)
end
