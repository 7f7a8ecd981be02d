-- Returns the value of an expression, or of the statements of a chunk, as text.
local function shown(value)
  if math.type(value) == "float" and value ~= value then
    return "nan"
  elseif type(value) == "string" then
    local text = ("%q"):format(value):gsub("\\\n", "\\n")
    return (text:gsub("[\128-\255]", function(byte) return "\\" .. byte:byte() end))
  elseif math.type(value) == "float" then
    return ("%.17g"):format(value) .. (value == math.floor(value) and math.abs(value) < 2^53 and ".0" or "")
  end
  return (tostring(value):gsub("0x%x+", "ADDRESS"))
end

return function(text)
  local chunk, why = load("return " .. text, "=x")
  if not chunk then
    chunk, why = load(text, "=x")
  end
  if not chunk then
    return "syntax: " .. why
  end
  local results = table.pack(pcall(chunk))
  local parts = {}
  for place = 1, results.n do
    parts[place] = shown(results[place])
  end
  return table.concat(parts, " ")
end
