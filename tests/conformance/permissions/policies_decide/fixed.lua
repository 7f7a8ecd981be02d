return function()
  return { id = security.actor():id(), role = security.actor():meta().role, scope = security.scope():policies()[1] }
end
