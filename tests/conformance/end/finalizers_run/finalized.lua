local function says(text)
  return setmetatable({}, { __gc = function() print(text) end, __close = function() print("closed " .. text) end })
end

return function(how)
  if not how then
    return
  end
  kept = says(how .. ": first")
  setmetatable({}, { __gc = function() error("as wanted") end })
  last = says(how .. ": last")
  local variable <close> = says(how .. ": variable")
  if how == "error" then
    error("as wanted")
  elseif how == "exit" then
    os.exit(true)
  elseif how == "close" then
    os.exit(true, true)
  elseif how == "close beside" then
    coroutine.spawn(os.exit, true, true)
    channel.new():receive()
  elseif how == "upgrade" then
    process.upgrade("app:finalized")
  elseif how == "terminate" then
    process.terminate(process.pid())
  end
end
