-- When standard output passes on what was written: another process prints in
-- between.
-- shows: I-11
local events = process.events()

local function other(text)
  assert(process.spawn_monitored("app:prints", "app:processes", text))
  events:receive()
end

io.stdout:setvbuf("full", 100)
print("kept until a flush")
other("before the flush")
io.stdout:flush()
print(("kept until there is more"):rep(2))
other("before there is more")
print(("more"):rep(20))
io.write(("long"):rep(30) .. "\n")
other("after the long line")
io.stdout:setvbuf("line")
print("a line")
other("after the line")
io.write("half a line, ")
io.stdout:setvbuf("full")
io.write("kept\n")
other("after half a line")
