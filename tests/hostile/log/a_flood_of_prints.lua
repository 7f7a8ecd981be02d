-- tries: print faster than anybody reads, in the smallest pieces
-- end: terminated
local stdout = io.stdout
stdout:setvbuf("no")
while true do
  stdout:write("a")
  print("line\0of\ncontrol\27characters")
end
