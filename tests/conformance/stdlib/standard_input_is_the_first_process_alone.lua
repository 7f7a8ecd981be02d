-- `io.read` works in the program's first process; in others it is refused.
-- shows: I-7
if ... then
  return function()
    return pcall(io.read) == false or io.read() == nil
  end
end
assert(io.read("l") == nil, "standard input is empty here")
local events = process.events()
assert(process.spawn_monitored("app:standard_input_is_the_first_process_alone", "app:processes", "child"))
local result = events:receive().result
assert(result.value == true, result.error)
