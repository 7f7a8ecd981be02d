-- A clock that stands still until it is told the time, in place of `time` of this
-- process. The program's main process tells it with messages `clock`.

local real = time
local clock = setmetatable({}, { __index = real })

local present = 0 -- nanoseconds
local timers = setmetatable({}, { __mode = "k" })

function clock.now()
  return real.unix(0, present)
end

local timer = {}
timer.__index = timer

function timer:channel()
  return self.fired
end

function timer:reset(delay)
  self.due = present + delay
end

function timer:stop()
  self.due = nil
end

function clock.timer(delay)
  local new = setmetatable({ fired = channel.new(1), due = present + delay }, timer)
  timers[new] = true
  return new
end

-- Goes to a time, where timers are due. If asked, answers with the bytes that this
-- process holds.
local told = process.listen("clock", { message = true })
coroutine.spawn(function()
  while true do
    local message = told:receive()
    local asked
    present, asked = message:payload()
    for one in pairs(timers) do
      if one.due and one.due <= present then
        one.due = nil
        channel.select { one.fired:case_send(true), default = true }
      end
    end
    if asked then
      collectgarbage()
      process.send(message:from(), "memory", collectgarbage("count") * 1024 // 1)
    end
  end
end)

return clock
