return function(site, key)
  local response = assert(http_client.get(site .. "/drip?" .. key, { stream = true }))
  assert(response.stream:read())
end
