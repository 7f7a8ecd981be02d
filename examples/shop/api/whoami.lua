-- GET /api/whoami: the actor for whom the process of this request acts.

return function()
  local actor = assert(security.actor())
  return { name = actor:id(), role = actor:meta().role }
end
