-- tries: print and write lines of 25 MiB that do not end
-- end: returned
-- grows: 120 MiB
local part = ("x"):rep(1 << 20)
for _ = 1, 25 do
  io.write(part)
  io.stderr:write(part)
end
io.write("\n")
