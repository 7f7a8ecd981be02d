-- tries: log texts of a megabyte, each more than a record holds
-- end: returned
return function()
  local text = ("x"):rep(1 << 20)
  for _ = 1, 100 do logger.warn(text, { text = text }) end
end
