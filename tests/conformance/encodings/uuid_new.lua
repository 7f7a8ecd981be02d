-- New UUIDs: by chance, by the time, and of a name.
-- shows: Z-1, Z-2
local FORM = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"
local seen, last = {}, ""
for _ = 1, 2000 do
  for version, make in pairs { [1] = uuid.v1, [4] = uuid.v4, [7] = uuid.v7 } do
    local id = make()
    assert(#id == 36 and id:find(FORM) and id == id:lower() and not seen[id], id)
    assert(uuid.version(id) == version and uuid.variant(id) == "RFC4122")
    seen[id] = true
    if version == 7 then
      assert(id > last, "it grows")
      last = id
    end
  end
end

-- The values of RFC 9562 and of its forerunner.
local dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
assert(uuid.v5(dns, "www.example.com") == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
assert(uuid.v3(dns, "www.example.com") == "5df41881-3aed-3515-88a7-2f4a814cf09e")
assert(uuid.v5(dns:upper(), "a\0b") == uuid.v5("{" .. dns .. "}", "a\0b") and uuid.v5(dns, "") ~= uuid.v3(dns, ""))
for _, make in ipairs { uuid.v3, uuid.v5 } do
  for _, namespace in ipairs { "", "dns", dns .. "0", 5, true } do
    local id, err = make(namespace, "x")
    assert(id == nil and errors.is(err, errors.INVALID))
  end
  local id, err = make(dns, nil)
  assert(id == nil and errors.is(err, errors.INVALID))
end

-- The time is in those of 1 and 7.
for _, make in ipairs { uuid.v1, uuid.v7 } do
  local before, timestamp, after = os.time(), uuid.parse(make()).timestamp, os.time()
  assert(before - 2 <= timestamp and timestamp <= after + 2)
end

for _, name in ipairs { "uuid", "hash", "base64", "hex" } do
  assert(require(name) == _G[name] and next(_G[name]) == nil, "nothing is made before it is asked for")
  local members = 0
  for _ in pairs(_G[name]) do
    members = members + 1
  end
  assert(members > 0)
end
