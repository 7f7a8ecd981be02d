-- The client of the service, and the placement of its shards.

local server = require("server")

local kv = {
  SHARDS = 16,
  -- More than half of the nodes of the whole cluster, here of three. A part of the cluster with
  -- fewer nodes answers nothing, so it cannot contradict the rest.
  MAJORITY = 2,
}

local PATIENCE <const> = "30s"

function kv.group(shard)
  return "kv/" .. shard
end

-- Returns the processes of a shard as this node sees them: one on each node that is up. The
-- first two keep the entries. The names of the nodes alone give the order, so a node that leaves
-- moves only the shards that it kept.
function kv.view(shard)
  local members, ranks = process.groups.members(kv.group(shard)), {}
  for _, pid in ipairs(members) do
    local node = pid:match("^{([^@]+)@")
    ranks[pid] = hash.sha1(node .. "/" .. shard) .. pid
  end
  table.sort(members, function(a, b)
    return ranks[a] < ranks[b]
  end)
  return { id = table.concat(members, " "), members = members, first = members[1], second = members[2] }
end

-- Asks the first process of the key's shard, and asks again while nodes come and go.
local function ask(request)
  local shard = hash.fnv32(request.key) % kv.SHARDS + 1
  local deadline = time.now():add(PATIENCE)
  local err = errors.new({ kind = errors.UNAVAILABLE, message = "no node keeps keys" })
  repeat
    local view, entry = kv.view(shard), nil
    if view.first then
      request.view = view.id
      entry, err = server.call(view.first, request)
    end
    if entry then
      return entry
    end
    time.sleep("20ms")
  until time.now() > deadline
  return nil, err
end

-- Returns the value of a key, or nil; nil and an error if the service does not answer.
function kv.get(key)
  local entry, err = ask({ op = "get", key = key })
  return entry and entry.value, err
end

-- Sets the value of a key, or removes the key with nil. Two nodes have the value once this
-- returns true. After an error the key may have either value.
function kv.put(key, value)
  local entry, err = ask({ op = "put", key = key, value = value })
  return entry and true, err
end

return kv
