-- A spawned coroutine that has returned, values or none, cannot be resumed.
-- shows: O-11
local threads = {}
coroutine.spawn(function()
  threads[1] = coroutine.running()
  return print, "never"
end)
coroutine.spawn(function(...) threads[2] = coroutine.running() end, 1, 2)
time.sleep(0)
for _, thread in ipairs(threads) do
  assert(coroutine.status(thread) == "dead")
  local ok, err = coroutine.resume(thread)
  assert(not ok and err == "cannot resume dead coroutine")
  assert(coroutine.close(thread))
end
assert(#threads == 2)
