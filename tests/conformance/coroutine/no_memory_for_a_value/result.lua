return function()
  local all, empty = {}, {}
  for place = 1, 400000 do
    all[place] = empty
  end
  return all
end
