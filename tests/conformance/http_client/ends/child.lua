return function(site, key)
  local told = process.listen("upgrade")
  coroutine.spawn(function()
    http_client.get(site .. "/wait?" .. key, { timeout = "1h" })
  end)
  told:receive()
  process.upgrade("app:after")
end
