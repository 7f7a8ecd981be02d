return function()
  local actor = security.actor()
  return { actor = actor and actor:id() or "nobody", remote = assert(http.request()):remote_addr() }
end
