-- `channel` refuses these arguments.
-- shows: C-2, C-3
local ch = channel.new()
for _, case in ipairs { "x", ch, 1, {} } do
  assert(not pcall(channel.select, { case }))
end
assert(not pcall(channel.select, "x"))
assert(not pcall(channel.new, "many"))
assert(not pcall(ch.send, "ch", 1))
local value, err = channel.new(-1)
assert(value == nil and errors.is(err, errors.INVALID))
value, err = channel.select()
assert(value == nil and errors.is(err, errors.INVALID))
value, err = channel.select {}
assert(value == nil and errors.is(err, errors.INVALID), "it would wait for ever")
