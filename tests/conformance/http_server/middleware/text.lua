return function()
  return ("a line of text\n"):rep(1000)
end
