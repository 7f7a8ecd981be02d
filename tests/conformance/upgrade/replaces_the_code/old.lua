return function()
  global = "of the old code"
  assert(process.set_options { trap_links = true })
  time.after("1ms")
  coroutine.spawn(function()
    time.sleep("1ms")
    error("a coroutine of the old code went on")
  end)
  error((select(2, process.upgrade("app:new", "a", nil, "c"))))
end
