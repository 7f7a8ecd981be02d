-- Policies decide on the group, and on the process that joins or is named.
-- shows: GR-11
local could = assert(process.exec("app:guest", "app:guests", process.pid()))
for what, expected in pairs {
  join = "allowed", join_other = "denied pg.join staff", other = "denied pg.join room",
  leave = "allowed", leave_other = "denied pg.leave staff",
  members = "allowed", members_other = "denied pg.members staff",
  names = "denied pg.members *", names_of_rooms = "allowed",
  broadcast = "allowed", broadcast_other = "denied pg.broadcast staff",
  monitor = "denied pg.monitor room", events = "denied pg.monitor app:chat/*",
  can_join = "true", can_monitor = "false",
  register = "allowed", register_other = "denied process.registry.register mine",
} do
  assert(could[what] == expected, what .. ": " .. tostring(could[what]))
end
assert(#process.groups.which_groups() == 0)
