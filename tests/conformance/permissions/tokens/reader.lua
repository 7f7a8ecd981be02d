return function()
  return { id = security.actor():id() }
end
