-- A source that does not compile is the error of the spawn, with file and
-- line; one that fails when it runs is its process's.
-- shows: S-8, S-9, S-10, R-9
local pid, err = process.spawn("app:syntax", "app:processes")
assert(pid == nil and errors.is(err, errors.INVALID))
assert(err:find("syntax.lua:3:", 1, true), err:message())
assert(err:details().file == "syntax.lua" and err:details().line == 3)
assert(err:retryable() == false)
-- Lua's message has only the end of such a name.
local long = "a_file_whose_name_is_longer_than_what_lua_shows_of_a_name_in_its_messages"
pid, err = process.spawn("app:" .. long, "app:processes")
assert(pid == nil and errors.is(err, errors.INVALID))
assert(err:details().file == long .. ".lua" and err:details().line == 2, err:message())
pid, err = process.spawn("app:text", "app:processes")
assert(pid == nil and errors.is(err, errors.INVALID) and err:find("text.wat:2:", 1, true), err)
assert(err:details().file == "text.wat" and err:details().line == 2)

for _, id in ipairs { "app:no_wasm", "app:unknown_import" } do
  pid, err = process.spawn(id, "app:processes")
  assert(pid == nil and errors.is(err, errors.INVALID), id)
  assert(err:find(id:sub(5), 1, true), err:message())
end
assert(err:find("launch", 1, true), err:message())

local events = process.events()
assert(process.spawn_monitored("app:raises", "app:processes"))
local result = events:receive().result
assert(result.error:find("raises.lua:1: at the top", 1, true), result.error)
assert(process.spawn_monitored("app:methodless", "app:processes"))
result = events:receive().result
assert(result.error:find("main", 1, true) and result.cause:kind() == errors.NOT_FOUND, result.error)
