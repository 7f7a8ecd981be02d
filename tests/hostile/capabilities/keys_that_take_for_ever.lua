-- tries: keep every thread busy for days with keys of ten million iterations and a megabyte
-- end: terminated
for n = 1, 200 do
  coroutine.spawn(function()
    crypto.pbkdf2("password", "salt" .. n, 10000000, 1048576)
  end)
end
time.sleep("1h")
