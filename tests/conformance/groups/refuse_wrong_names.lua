-- Texts that cannot be names are INVALID, other types raise, memberships are bounded.
-- shows: GR-5, GR-10
local groups = process.groups
local function invalid(value, err)
  assert(value == nil and errors.is(err, errors.INVALID), tostring(err))
end
for _, name in ipairs { "", "@g", "{g", ("x"):rep(1025), "\xff" } do
  invalid(groups.join(name))
  invalid(groups.leave(name))
  invalid(groups.members(name))
  invalid(groups.local_members(name))
  invalid(groups.broadcast(name, "t"))
  invalid(groups.monitor(name))
end
for _, f in ipairs { groups.join, groups.leave, groups.members, groups.broadcast, groups.monitor } do
  invalid(f())
end
invalid(groups.broadcast("g"))
for _, topic in ipairs { "", "@t", "\xff" } do invalid(groups.broadcast("g", topic)) end
invalid(groups.broadcast("g", "t", print))
invalid(groups.broadcast("g", "t", ("x"):rep(1 << 20)))
invalid(groups.join("g", "a name"))
for _, wrong in ipairs { 7, true, {}, print } do
  for _, f in ipairs { groups.join, groups.leave, groups.members, groups.which_groups, groups.monitor } do
    assert(not pcall(f, wrong))
  end
  assert(not pcall(groups.join, "g", wrong) and not pcall(groups.broadcast, "g", wrong))
end
local _, err = groups.join("g", "{app:processes|0xfffff}")
assert(errors.is(err, errors.NOT_FOUND))
assert(#groups.which_groups() == 0)

local refused
for n = 1, 1001 do
  local joined, why = groups.join("g" .. n)
  if not joined then refused = why end
end
assert(errors.is(refused, errors.RATE_LIMITED) and refused:retryable())
assert(refused:details().limit == "max_groups" and refused:details().value == 1000)
assert(#groups.which_groups() == 1000 and groups.join("g7"))
