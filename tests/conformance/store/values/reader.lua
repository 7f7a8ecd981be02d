return function(id, key)
  return store.get(id):get(key)
end
