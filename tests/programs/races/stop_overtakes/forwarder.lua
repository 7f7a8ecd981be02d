return function(to)
  local items = process.listen("item")
  while true do
    process.send(to, "item", (items:receive()))
  end
end
