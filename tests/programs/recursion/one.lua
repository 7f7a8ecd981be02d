return function(name)
  local ok, message = pcall(require("forms")[name])
  return { caught = not ok and tostring(message) or nil }
end
