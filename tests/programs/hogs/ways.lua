-- Ways to take memory without end.

local ways = {}

function ways.one_string()
  local s = "x"
  while true do
    s = s .. s
  end
end

function ways.many_strings()
  local t = {}
  while true do
    t[#t + 1] = ("x"):rep(1000) .. #t
  end
end

function ways.tables()
  local t = {}
  while true do
    t = { t }
  end
end

function ways.closures()
  local f
  while true do
    local before = f
    f = function()
      return before
    end
  end
end

function ways.coroutines()
  local all = {}
  while true do
    local co = coroutine.create(coroutine.yield)
    coroutine.resume(co)
    all[#all + 1] = co
  end
end

function ways.scheduled_coroutines()
  while true do
    coroutine.spawn(time.sleep, "1h")
  end
end

-- The queues of the runtime are bounded; a process that keeps what it reads
-- takes the memory itself.
function ways.own_messages()
  local inbox, all = process.inbox(), {}
  while true do
    assert(process.send(process.pid(), "t", ("x"):rep(1000)))
    all[#all + 1] = inbox:receive()
  end
end

function ways.metatables()
  local t = {}
  while true do
    t = setmetatable({}, { __index = t })
  end
end

return ways
