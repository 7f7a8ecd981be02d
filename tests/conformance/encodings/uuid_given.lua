-- UUIDs that are there: whether they are any, their parts, and their forms.
-- shows: Z-3, Z-4, Z-5
local id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
local forms = { id, id:upper(), (id:gsub("-", "")), "{" .. id .. "}", "urn:uuid:" .. id }
for _, form in ipairs(forms) do
  assert(uuid.validate(form) == true, form)
  assert(uuid.version(form) == 7 and uuid.variant(form) == "RFC4122" and uuid.format(form) == id)
end
local none = { "", "x", id:sub(2), id .. "0", "{" .. id, (id:gsub("0", "g")), 5, true, {}, print, errors.new("x") }
for place = 1, #none do
  assert(uuid.validate(none[place]) == false)
  for _, call in ipairs { uuid.version, uuid.variant, uuid.parse, uuid.format } do
    local value, err = call(none[place])
    assert(value == nil and errors.is(err, errors.INVALID))
  end
end
assert(uuid.validate(nil) == false and uuid.validate() == false)

local parts = uuid.parse(id)
assert(parts.version == 7 and parts.variant == "RFC4122" and parts.timestamp == 1645557742 and parts.node == nil)
-- Version 1 of RFC 9562: 22 February 2022 19:22:22.
parts = uuid.parse("C232AB00-9414-11EC-B3C8-9F6BDECED846")
assert(parts.version == 1 and parts.timestamp == 1645557742 and parts.node == "\x9f\x6b\xde\xce\xd8\x46")
parts = uuid.parse("919108f7-52d1-4320-9bac-f847db4148a8")
assert(parts.version == 4 and parts.timestamp == nil and parts.node == nil)
for digit, variant in pairs { ["0"] = "NCS", ["8"] = "RFC4122", ["c"] = "Microsoft", ["e"] = "Future" } do
  assert(uuid.variant("919108f7-52d1-4320-" .. digit .. "bac-f847db4148a8") == variant)
end

assert(uuid.format(id, "standard") == id and uuid.format(id, nil) == id)
assert(uuid.format(id, "simple") == id:gsub("-", "") and uuid.format(id, "urn") == "urn:uuid:" .. id)
for _, kind in ipairs { "", "braced", 5, true } do
  local text, err = uuid.format(id, kind)
  assert(text == nil and errors.is(err, errors.INVALID))
end
