return function(next)
  if next then
    process.upgrade(next)
  end
  local file = io.open("data/x.txt")
  return file and file:read("l") or "nothing"
end
