return function(id, token, tries)
  local ts = assert(security.token_store(id))
  local actor = assert(ts:validate(token))
  if not tries then
    return actor:id()
  end
  local _, create = ts:create(actor, security.new_scope {})
  local _, revoke = ts:revoke(token)
  local _, signed = security.token_store("app:signed")
  return {
    id = actor:id(), create = tostring(create), revoke = tostring(revoke), signed = tostring(signed),
    can = security.can("security.token.validate", "app:plain"),
    cannot = security.can("security.token.create", "app:plain"),
  }
end
