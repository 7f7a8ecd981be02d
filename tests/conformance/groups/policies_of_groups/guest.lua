-- Tries what its scope allows, and what not.
return function(parent)
  local groups = process.groups
  local function try(value, err)
    if value ~= nil then return "allowed" end
    assert(err:kind() == errors.PERMISSION_DENIED and err:retryable() == false, tostring(err))
    return "denied " .. err:details().action .. " " .. err:details().resource
  end
  local _, _, of_events = pg.open("app:chat"):events()
  return {
    join = try(groups.join("room")), join_other = try(groups.join("staff")),
    other = try(groups.join("room", parent)),
    members = try(groups.members("room")), members_other = try(groups.members("staff")),
    names = try(groups.which_groups()), names_of_rooms = try(groups.which_groups("room")),
    broadcast = try(groups.broadcast("room", "t")), broadcast_other = try(groups.broadcast("staff", "t")),
    monitor = try(groups.monitor("room")), events = try(nil, of_events),
    leave = try(groups.leave("room")), leave_other = try(groups.leave("staff")),
    can_join = tostring(security.can("pg.join", "room", { target = process.pid() })),
    can_monitor = tostring(security.can("pg.monitor", "room")),
    register = try(process.registry.register("mine")),
    register_other = try(process.registry.register("mine", parent)),
  }
end
