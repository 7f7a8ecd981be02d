local write = {}

function write.handle(name)
  kept = assert(io.open(name, "w"))
  kept:write("one\ntwo")
end

function write.output(name)
  io.output(name)
  io.write("one\n", "two")
end

function write.garbage(name)
  local file = assert(io.open(name, "w"))
  file:write("one\n"):write("two")
end

-- A coroutine has the file in a variable that is to be closed, and waits.
function write.waiting(name)
  local written = channel.new()
  coroutine.spawn(function()
    local file <close> = assert(io.open(name, "w"))
    file:write("one\ntwo")
    written:send(true)
    channel.new():receive()
  end)
  written:receive()
end

function write.full(name)
  kept = assert(io.open(name, "w"))
  kept:setvbuf("full", 10000)
  kept:write("one\ntwo")
end

local ends = {
  ["return"] = function() end,
  value = function() return { 1 } end,
  error = function() error("as wanted") end,
  exit = function() os.exit() end,
  ["failing exit"] = function() os.exit(3) end,
  ["closing exit"] = function() os.exit(true, true) end,
  ["exit beside"] = function()
    coroutine.spawn(os.exit, true)
    channel.new():receive()
  end,
  ["fail beside"] = function()
    coroutine.spawn(error, "as wanted")
    channel.new():receive()
  end,
  upgrade = function() process.upgrade("app:nothing") end,
  wait = function()
    local parent = process.listen("parent"):receive()
    time.sleep("1ms")
    process.send(parent, "ready")
    process.inbox():receive()
  end,
}

return function(what, how, name)
  write[what](name)
  return ends[how]()
end
