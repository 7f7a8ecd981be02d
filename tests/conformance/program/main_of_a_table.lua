-- Of a table of functions `main` is called.
-- shows: A-2
-- arguments: x

return {
  other = function()
    error("not this one")
  end,
  main = function(x)
    assert(x == "x")
  end,
}
