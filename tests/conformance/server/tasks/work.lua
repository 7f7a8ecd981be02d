return function(what, value)
  if what == "fail" then
    return nil, errors.new { kind = errors.CONFLICT, message = "failed", details = { value = value } }
  elseif what == "hang" then
    process.registry.register("hanging")
    process.inbox():receive()
  end
  return value
end
