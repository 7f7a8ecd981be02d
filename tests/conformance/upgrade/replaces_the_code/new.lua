return function(...)
  local result = table.pack(...)
  result.pid, result.frame = process.pid(), process.id()
  result.name = process.registry.lookup("server")
  result.user, result.trap = ctx.get("user"), process.get_options().trap_links
  result.global = global
  time.sleep("20ms")
  result.quiet = channel.select { process.inbox():case_receive(), process.events():case_receive(), default = true }.default
  return result
end
