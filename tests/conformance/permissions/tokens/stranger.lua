return function()
  local _, err = security.token_store("plain")
  return tostring(err)
end
