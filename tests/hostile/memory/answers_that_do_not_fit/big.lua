return function()
  local list = {}
  for place = 1, 100000 do list[place] = {} end
  return list
end
