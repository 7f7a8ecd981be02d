-- A file may return the function of its definition.
return function()
  local req = assert(http.request())
  return req:method() .. " " .. req:path()
end
