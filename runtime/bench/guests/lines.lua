-- Writes or reads lines: "print", "stdin" or "file", the number of lines, the file.
local how, count, path = ...
if how == "print" then
  for line = 1, tonumber(count) do print("this is line", line) end
  return
end
local lines, bytes = 0, 0
for line in (how == "stdin" and io.lines() or io.lines(path)) do
  lines, bytes = lines + 1, bytes + #line
end
print(lines, bytes)
