return function(path)
  local errors_of_all = {}
  for _, mode in ipairs { "r", "w", "a", "r+", "w+" } do
    local file, err = io.open(path, mode)
    errors_of_all[#errors_of_all + 1] = tostring(err)
    if file then error("opened with " .. mode) end
  end
  -- Changing a file's times opens it, too.
  local touched, err = require("lfs").touch(path)
  if touched then error("touched") end
  errors_of_all[#errors_of_all + 1] = path .. ": " .. err
  return table.concat(errors_of_all, "; ")
end
