-- tries: log without end, to fill the log and keep others from it
-- end: terminated
return function()
  local text = ("x"):rep(1000)
  while true do logger.info(text) end
end
