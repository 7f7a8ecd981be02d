-- A room. Each socket is a process, and a member of the room's group: what is sent to the group
-- is on its way to all browsers. Whoever's socket closes is no member any more, by itself.

local HISTORY <const> = 50
local MAX_TEXT <const> = 500
local SHOWN <const> = 20
-- News of who is here go out together.
local PAUSE <const> = "200ms"

return function(room)
  local group = "room/" .. room
  local joins, said = process.listen("ws.join"), process.listen("say", { message = true })
  local leaves, events = process.listen("ws.leave"), process.events()
  local sub = assert(process.groups.monitor(group))
  -- Names by socket, the last lines, and the end of the pause if there is news to tell.
  local names, history, due = {}, {}, nil

  -- Sends to all. A socket that takes nothing while its queue fills up is closed.
  local function tell(topic, value)
    local _, err = process.groups.broadcast(group, topic, value)
    for _, pid in ipairs(err and err:details().members or {}) do
      process.terminate(pid)
    end
  end

  -- Tells who is here. Returns how many there are.
  local function tell_members()
    local members, shown = assert(process.groups.members(group)), {}
    for place = 1, math.min(#members, SHOWN) do
      shown[#shown + 1] = names[members[place]]
    end
    tell("here", { count = #members, names = shown })
    return #members
  end

  while true do
    local cases = {
      events:case_receive(), joins:case_receive(), said:case_receive(), leaves:case_receive(),
      sub:channel():case_receive(),
    }
    cases[#cases + 1] = due and due:case_receive()
    local got = channel.select(cases)
    local value = got.value
    if got.channel == events then
      return -- the program ends
    elseif got.channel == joins then
      local pid = value.client_pid
      names[pid] = value.metadata.name
      -- The history first: every later line comes to the member. One that has gone is none.
      if process.send(pid, "history", history) then
        process.groups.join(group, pid)
      end
    elseif got.channel == said then
      local name, text = names[value:from()], value:payload()
      if name and type(text) == "string" and #text <= MAX_TEXT and utf8.len(text) then
        local line = { from = name, text = text }
        history[#history + 1] = line
        if #history > HISTORY then
          table.remove(history, 1)
        end
        tell("said", line)
      end
    elseif got.channel == leaves then
      names[value.client_pid] = nil
    elseif due and got.channel == due then
      due = nil
      if tell_members() == 0 then
        return -- the last one has left
      end
    else
      -- Somebody has become a member, or is none any more. After too much news at once the list
      -- of members is right, and further news comes to another subscription.
      if value.kind == "missed" then
        sub:close()
        sub = assert(process.groups.monitor(group))
      end
      due = due or time.after(PAUSE)
    end
  end
end
