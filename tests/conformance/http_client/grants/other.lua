return function()
  local _, err = http_client.get("http://127.0.0.1:1/x")
  return err:kind()
end
