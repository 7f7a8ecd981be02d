-- Lines of many processes are never cut by one another, however they are put
-- together.
-- shows: I-2

return function(i)
  if i then
    for _ = 1, 3 do
      io.write("written by ")
      time.sleep("1ms")
      io.write(i, "\n")
      print("printed by", i)
    end
    io.write("last words of ", i)
    if i == 9 then io.flush() end
    return true
  end
  local done = channel.new()
  for n = 1, 8 do
    coroutine.spawn(function()
      done:send(assert(process.exec("app:main", "app:processes", n)))
    end)
  end
  for _ = 1, 8 do
    done:receive()
  end
  -- The end of a process ends a line of which a part was passed on before.
  assert(process.exec("app:main", "app:processes", 9))
  print("after the last words of 9")
end
