return function()
  local req = assert(http.request())
  local seen = { req:method() .. " " .. req:path() }
  for name, value in pairs(req:params()) do
    seen[#seen + 1] = name .. "=" .. value
  end
  table.sort(seen)
  return table.concat(seen, " ")
end
