-- Base64 and hexadecimal digits, there and back.
-- shows: Z-7
for data, text in pairs {
  [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy",
  ["\xfb\xff\xfe\0"] = "+//+AA==",
} do
  assert(base64.encode(data) == text and base64.decode(text) == data, text)
end
for data, text in pairs { [""] = "", ["\0\x0f\xf0\xff"] = "000ff0ff", hello = "68656c6c6f" } do
  assert(hex.encode(data) == text and hex.decode(text) == data and hex.decode(text:upper()) == data, text)
end
local all = {}
for byte = 0, 255 do
  all[#all + 1] = string.char(byte)
end
all = table.concat(all):rep(1000)
assert(base64.decode(base64.encode(all)) == all and hex.decode(hex.encode(all)) == all)

-- Bits that are left over may be anything.
assert(base64.decode("Zh==") == "f" and base64.decode("Zm9=") == "fo")

local function refused(call, ...)
  for _, bad in ipairs { ... } do
    local value, err = call(bad)
    assert(value == nil and errors.is(err, errors.INVALID), tostring(bad))
  end
end
refused(base64.decode, "Zg", "Zg=", "Z", "Zg===", "Zm9v\n", "Zm 9v", "Zm9-", "Zm9_", "====", "Zg==Zg==", 5, {})
refused(hex.decode, "0", "0g", "00 0", "0x00", 5, {})
refused(base64.encode, 5, true, {})
refused(hex.encode, 5, true, {})
