return function()
  return "made"
end
