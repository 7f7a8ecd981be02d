return function()
  logger:error("handled")
  return true
end
