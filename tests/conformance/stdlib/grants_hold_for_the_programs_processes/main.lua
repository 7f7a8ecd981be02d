-- The command's grants hold for every process of the program.
-- shows: I-6
-- options: --read shelf
local parent = ...
if parent then
  return function()
    return assert(io.open("shelf/book.txt")):read("l")
  end
end
local events = process.events()
assert(process.spawn_monitored("app:main", "app:processes", process.pid()))
assert(events:receive().result.value == "one")
