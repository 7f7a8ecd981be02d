return function()
  local file = io.open("data/x.txt")
  return file and file:read("l")
end
