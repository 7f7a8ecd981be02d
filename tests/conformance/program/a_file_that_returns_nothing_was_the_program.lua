-- The file itself gets the arguments in `...`; one that returns nothing was
-- the program, and one that returns a function has it called with them too.
-- shows: A-1, A-2, A-3
local how = ...
if how == "function" then
  return function(...)
    return table.pack(...)
  end
elseif how == "table" then
  return {
    main = function(...)
      return table.pack(...)
    end,
  }
elseif how == "number" then
  return 7
elseif how then
  process.send("parent", "got", table.pack(...))
  return
end

local events, got = process.events(), process.listen("got")
assert(process.registry.register("parent"))
local me = "app:a_file_that_returns_nothing_was_the_program"
assert(process.spawn_monitored(me, "app:processes", "file", nil, 3))
local result = events:receive().result
assert(next(result) == nil, result.error)
local arguments = got:receive()
assert(arguments.n == 3 and arguments[1] == "file" and arguments[3] == 3)
for _, how in ipairs { "function", "table" } do
  assert(process.spawn_monitored(me, "app:processes", how, nil, 3))
  result = events:receive().result
  assert(result.value.n == 3 and result.value[1] == how and result.value[3] == 3)
end
assert(process.spawn_monitored(me, "app:processes", "number"))
result = events:receive().result
assert(result.cause:kind() == errors.INVALID and result.error:find("number"), result.error)
