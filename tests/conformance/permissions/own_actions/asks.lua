return function(action)
  return security.can(action, "resource")
end
