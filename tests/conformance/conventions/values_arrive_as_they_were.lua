-- Nil, booleans, strings of any bytes, integers and floats cross unchanged.
-- shows: C-5, C-6

local me, host = process.id():match("[^#]+"), "app:processes"

local function across(value)
  local back, err = process.exec(me, host, "echo", value)
  assert(err == nil, err)
  return back
end

return function(role, value)
  if role then
    return value
  end
  assert(across(nil) == nil)
  assert(across(true) == true and across(false) == false)

  local every_byte = {}
  for byte = 0, 255 do
    every_byte[#every_byte + 1] = string.char(byte)
  end
  for _, text in ipairs { "", "größe", "\0", "\xff\xfe", table.concat(every_byte), ("x"):rep(70000) } do
    assert(across(text) == text)
  end

  local integers = { 0, -1, 1, 127, 128, -32, -33, -128, -129, 255, 256, 65535, 65536, -32769 }
  table.move({ 2 ^ 31 | 0, 2 ^ 32 | 0, -(2 ^ 31) | 0, -(2 ^ 31) - 1 | 0, (1 << 53) + 1 }, 1, 5, #integers + 1, integers)
  table.move({ math.maxinteger, math.mininteger }, 1, 2, #integers + 1, integers)
  for _, integer in ipairs(integers) do
    local back = across(integer)
    assert(back == integer and math.type(back) == "integer", integer)
  end

  local floats = { 0.0, -0.0, 1.0, 0.1, -2.5, 2 ^ 53, 1e308, 5e-324, 3.4e38, math.pi, math.huge, -math.huge, 0 / 0 }
  for _, float in ipairs(floats) do
    local back = across(float)
    assert(math.type(back) == "float", float)
    assert(string.pack(">d", back) == string.pack(">d", float) or (back ~= back and float ~= float), float)
  end
end
