return function(caller)
  if caller then
    process.send(caller, "ready")
    process.inbox():receive()
  end
  return process.pid()
end
