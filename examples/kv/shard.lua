-- One shard on one node: a server that keeps entries { version =, value = } by their keys.
--
--     client --get, put--> first --check, write--> second
--                          first --versions, read--> every other, once the view has changed
--
-- Each request carries the view of its sender, and a process with another view refuses it. So a
-- request succeeds only if client, first and second agree on who they are.
--
-- The first begins a new term whenever it settles, and versions of a later term are larger. So a
-- write that only one node has seen never has the version of a later one.

local server = require("server")
local kv = require("kv")

local DISAGREEMENT <const> = errors.new({
  kind = errors.CONFLICT, message = "the nodes do not agree on the shard", retryable = true,
})

local shard, operations = {}, {}

local function version_of(state, key)
  local entry = state.entries[key]
  return entry and entry.version or 0
end

-- Asks another process of the view, and raises its refusal.
local function ask(member, view, request)
  request.view = view.id
  return assert(server.call(member, request))
end

-- Makes the first process ready to answer in this view: it collects the newest entries of all
-- others, and gives the second what that lacks.
local function settle(state, view)
  if state.settled == view.id then
    return
  end
  for _, member in ipairs(view.members) do
    if member ~= process.pid() then
      local theirs = ask(member, view, { op = "versions", term = 0 })
      state.term = math.max(state.term, theirs.term)
      for key, version in pairs(theirs.versions) do
        if version > version_of(state, key) then
          state.entries[key] = ask(member, view, { op = "read", key = key })
        end
      end
    end
  end
  state.term = state.term + 1
  local theirs = ask(view.second, view, { op = "versions", term = state.term })
  for key, entry in pairs(state.entries) do
    if entry.version > (theirs.versions[key] or 0) then
      ask(view.second, view, { op = "write", key = key, entry = entry })
    end
  end
  for n = 3, #view.members do
    server.cast(view.members[n], { op = "drop", view = view.id })
  end
  state.settled = view.id
end

-- The second confirms each answer: a node that was cut off, and does not know it yet, could
-- answer with an old value otherwise.
function operations.get(state, request, view)
  settle(state, view)
  local entry = state.entries[request.key] or { version = 0 }
  ask(view.second, view, { op = "check", key = request.key, version = entry.version })
  return entry
end

-- The second writes before the first does, so no value that a get has returned is on one node
-- alone.
function operations.put(state, request, view)
  settle(state, view)
  local version = math.max(version_of(state, request.key) + 1, state.term << 32)
  local entry = { version = version, value = request.value }
  ask(view.second, view, { op = "write", key = request.key, entry = entry })
  state.entries[request.key] = entry
  return entry
end

function operations.check(state, request)
  return assert(version_of(state, request.key) == request.version, DISAGREEMENT)
end

function operations.write(state, request)
  assert(version_of(state, request.key) < request.entry.version, DISAGREEMENT)
  state.entries[request.key] = request.entry
  return true
end

function operations.versions(state, request)
  state.term = math.max(state.term, request.term)
  local versions = {}
  for key, entry in pairs(state.entries) do
    versions[key] = entry.version
  end
  return { term = state.term, versions = versions }
end

function operations.read(state, request)
  return state.entries[request.key]
end

function operations.drop(state)
  state.entries = {}
  return true
end

-- Shards move when nodes come and go, and not only once somebody asks for a key.
function operations.changed(state, _, view)
  if view.first == process.pid() then
    settle(state, view)
  end
  return true
end

function shard.init(number)
  local changes = assert(process.groups.monitor(kv.group(number))):channel()
  assert(process.groups.join(kv.group(number)))
  coroutine.spawn(function()
    while changes:receive() do
      server.cast(process.pid(), { op = "changed" })
    end
  end)
  return { number = number, term = 0, entries = {} }
end

function shard.call(state, request)
  local view = kv.view(state.number)
  if #view.members < kv.MAJORITY or request.view ~= view.id then
    return nil, DISAGREEMENT
  end
  local is_done, result = pcall(operations[request.op], state, request, view)
  if is_done then
    return result
  elseif type(result) == "string" then
    error(result, 0)  -- a mistake in this file, and no refusal: the process ends
  end
  state.settled = nil  -- something was missed
  return nil, result
end

function shard.cast(state, request)
  local view = kv.view(state.number)
  request.view = request.view or view.id
  local is_done = shard.call(state, request)
  -- With too few nodes there is nothing to do before the next change.
  if request.op == "changed" and not is_done and #view.members >= kv.MAJORITY then
    coroutine.spawn(function()
      time.sleep("50ms")  -- the others learn of the change soon
      server.cast(process.pid(), { op = "changed" })
    end)
  end
end

return server.entry(shard)
