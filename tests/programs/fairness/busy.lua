-- Never blocks: in the interpreter, or for long times in one call of C.
local ways = {
  function()
    while true do
    end
  end,
  function()
    while true do
      pcall(error, "x")
    end
  end,
  function()
    local text = ("a"):rep(1000)
    while true do
      text:find((".-"):rep(3) .. "b")
    end
  end,
  function()
    while true do
      table.sort({ 5, 3, 4, 1, 2 }, function(a, b)
        return a < b
      end)
    end
  end,
}

return function(parent, number)
  assert(process.send(parent, "started"))
  ways[(number - 1) % #ways + 1]()
end
