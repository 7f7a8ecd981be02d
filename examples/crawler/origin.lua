-- One origin: who may ask it, and when. It gives turns to at most two workers at a time, with a
-- pause between two requests, and knows what robots.txt says.

local server = require("server")
local robots = require("lib.robots")

local TURNS <const> = 2
local PAUSE <const> = "50ms"

local origin = {}

-- Gives a turn, if there is one, and somebody waits for it.
local function give(state)
  if not state.rules or state.pauses or state.free == 0 or not state.waiting[1] then
    return
  end
  local to = table.remove(state.waiting, 1)
  state.free, state.pauses, state.holders[to.pid] = state.free - 1, true, true
  assert(server.reply(to, true))
  coroutine.spawn(function()
    time.sleep(PAUSE)
    state.pauses = false
    give(state)
  end)
end

local function take_back(state, pid)
  if state.holders[pid] then
    state.holders[pid], state.free = nil, state.free + 1
    give(state)
  end
end

function origin.init(name)
  local state = { free = TURNS, holders = {}, waiting = {} }
  coroutine.spawn(function()
    state.rules, state.refusal = robots.read(name)
    -- What came before is judged now.
    local early = state.waiting
    state.waiting = {}
    for _, to in ipairs(early) do
      if state.refusal then
        server.refuse(to, state.refusal)
      elseif not robots.allow(state.rules, to.path) then
        server.reply(to, false)
      else
        table.insert(state.waiting, to)
      end
    end
    give(state)
  end)
  return state
end

function origin.call(state, request, message)
  local path = request[2]
  if state.refusal then
    return nil, state.refusal
  elseif state.rules and not robots.allow(state.rules, path) then
    return false
  end
  -- A worker that crashes gives its turn back by its end.
  assert(process.monitor(message:from()))
  local to = server.reply_to(message)
  to.path = path
  table.insert(state.waiting, to)
  give(state)
  return server.noreply
end

function origin.cast(state, pid)
  take_back(state, pid)
end

function origin.event(state, event)
  take_back(state, event.from)
end

return server.entry(origin)
