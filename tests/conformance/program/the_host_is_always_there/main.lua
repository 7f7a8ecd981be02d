-- The host app:processes exists whatever the app is called.
-- shows: A-5, M-1, M-2

return function(role)
  if role then
    return process.pid()
  end
  assert(process.pid():find("{app:processes|", 1, true))
  assert(process.id() == "shop:main#1")
  assert(process.exec("shop:main", "app:processes", "child"):find("{app:processes|", 1, true))
  assert(process.exec("shop:main", "shop:workers", "child"):find("{shop:workers|", 1, true))
end
