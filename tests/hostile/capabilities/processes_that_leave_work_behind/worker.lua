local large = ("x"):rep(4000000)
for n = 1, 4 do
  coroutine.spawn(function()
    crypto.pbkdf2(large, "salt", 10000000, 1048576)
  end)
end
time.sleep("1ms")
