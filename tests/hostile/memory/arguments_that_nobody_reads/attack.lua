-- tries: have the runtime hold a mebibyte of arguments for each process that does not read them
-- end: returned
-- grows: 200 MiB
local large, refused = ("x"):rep(1000000), nil
for _ = 1, 500 do
  local pid, err = process.spawn("app:waits", "app:attackers", large)
  if not pid then refused = err break end
end
assert(errors.is(refused, errors.RATE_LIMITED) and refused:details().limit == "max_memory_total", refused)
