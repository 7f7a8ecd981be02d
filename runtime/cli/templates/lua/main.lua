-- The process that `warren run` starts, with the arguments of the command line.
return function(name)
  local greeter = assert(process.spawn("app:greeter", "app:processes"))
  local replies = process.listen("reply")
  assert(process.send(greeter, "greet", name or "world"))
  print((replies:receive()))
end
