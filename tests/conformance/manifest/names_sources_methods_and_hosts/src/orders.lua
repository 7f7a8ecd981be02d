return {
  handle = function(n)
    return "order " .. n
  end,
  main = function() end,
}
