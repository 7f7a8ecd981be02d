-- tries: reach or crash something with text that looks like a PID
-- end: returned
local forged = {
  "{app:bystanders|0x0000000000000000000000000000001}", "{app:bystanders|-1}", "{app:bystanders|}",
  "{app:bystanders|0xffffffffffffffff}", "{app:bystanders|0x10000000000000000}", "{|0x00001}", "{", "{}", "{|}",
  "{node@app:bystanders|0x00002}", "{app:bystanders|0x00002} ", "{app:bystanders|0x00002}\0", "{APP:bystanders|0x00002}",
  "{app:bystanders|0X00002}", "{app:bystanders|+0x00002}", "{app:attackers|0x00002}", "@", "@events", "@exec", "",
  "{app:bystanders|0x" .. ("0"):rep(1000) .. "2}", ("{"):rep(5000), ("\u{202e}"):rep(300), "\xff\xfe", "a\0b",
}
local calls = {
  function(to) return process.send(to, "t") end, process.terminate, process.cancel, process.monitor, process.link,
  function(to) return process.registry.register("forged", to) end,
}
for _, to in ipairs(forged) do
  for i, call in ipairs(calls) do
    local done, err = call(to)
    local refused = errors.is(err, errors.NOT_FOUND) or errors.is(err, errors.INVALID)
    assert(not done and refused, ("call %d to %q: %s"):format(i, to, err))
  end
end
