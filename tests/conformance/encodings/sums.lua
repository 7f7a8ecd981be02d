-- FNV-1, as its authors' test vectors have it.
-- shows: Z-6
for data, sum in pairs {
  [""] = { 0x811c9dc5, 0xcbf29ce484222325 }, ["a"] = { 0x050c5d7e, 0xaf63bd4c8601b7be },
  ["foobar"] = { 0x31f0b262, 0x340d8765a4dda9c2 }, ["\0\xff"] = { hash.fnv32("\0\xff"), hash.fnv64("\0\xff") },
} do
  assert(hash.fnv32(data) == sum[1] and hash.fnv64(data) == sum[2], data)
end
assert(math.type(hash.fnv32("")) == "integer" and hash.fnv32("") > 0 and hash.fnv64("") < 0)
for _, sum in ipairs { hash.fnv32, hash.fnv64 } do
  for _, none in ipairs { 5, true, {} } do
    local value, err = sum(none)
    assert(value == nil and errors.is(err, errors.INVALID))
  end
  assert(select(2, sum()):kind() == errors.INVALID)
end
