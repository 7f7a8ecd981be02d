-- `pg.open` is a view of the groups that begin with an id.
-- shows: GR-12
local function invalid(value, err, third)
  err = third or err
  assert(value == nil and errors.is(err, errors.INVALID), tostring(err))
end
assert(require("pg") == pg)
invalid(pg.open())
invalid(pg.open(""))
invalid(pg.open("a/b"))
invalid(pg.open(("x"):rep(1023)))
invalid(pg.open(("x"):rep(1 << 20)))
assert(pg.open(("x"):rep(1022)):join("g"))
assert(pg.open(("x"):rep(1022)):leave("g"))
assert(not pcall(pg.open, 7) and not pcall(pg.open, {}))

local g, other, pid = assert(pg.open("app:chat")), assert(pg.open("app:other")), process.pid()
assert(g:join { "a", "b" } and g:join("a") and other:join("a"))
assert(table.concat(process.groups.which_groups(), " ") == "app:chat/a app:chat/b app:other/a")
assert(table.concat(g:which_groups(), " ") == "a b" and table.concat(g:which_local_groups(), " ") == "a b")
assert(g:get_members("a")[1] == pid and g:get_local_members("b")[1] == pid and #g:get_members("c") == 0)

local inbox = process.inbox()
assert(g:broadcast("a", "t", 1) == 1 and g:broadcast_local("b", "t", 2) == 1 and g:broadcast("c", "t") == 0)
assert(inbox:receive():payload() == 1 and inbox:receive():payload() == 2)

local sub, members, err = g:monitor("a")
local all, groups, none = g:events()
assert(err == nil and none == nil and #members == 1 and groups.a[1] == pid and groups.b[1] == pid)
assert(g:leave { "a", "a", "b" })
invalid(g:leave("a"))
invalid(g:leave { "c" })
assert(other:leave("a") and other:join("x"))
local item = sub:channel():receive()
assert(item.system == "pg" and item.kind == "member.left" and item.path == "a")
assert(item.data.Group == "a" and item.data.PIDs[1] == pid)
assert(all:channel():receive().path == "a" and all:channel():receive().data.Group == "b")
assert(channel.select({ all:channel():case_receive() }, true).default)

-- A list is joined whole or not at all.
for n = 1, 998 do assert(process.groups.join("fill" .. n)) end
local joined, refused = g:join { "a", "b", "c" }
assert(joined == nil and errors.is(refused, errors.RATE_LIMITED) and #g:which_groups() == 0)
assert(g:join("a"))

for _, name in ipairs { "join", "leave", "get_members", "get_local_members", "broadcast", "broadcast_local", "monitor" } do
  invalid(g[name](g, ""))
  invalid(g[name](g))
  assert(not pcall(g[name], g, 7) and not pcall(g[name], 7, "a"))
end
invalid(g:join { "a", "" })
invalid(g:join { 7 })
assert(g:release() == true)
assert(#process.groups.members("app:chat/a") == 0 and select(2, sub:channel():receive()) ~= true)
for _, name in ipairs {
  "join", "leave", "get_members", "get_local_members", "which_groups", "which_local_groups", "broadcast",
  "broadcast_local", "monitor", "events", "release",
} do
  invalid(g[name](g, "a", "t"))
end
assert(other:which_groups()[1] == "x")
