-- tries: have argon2id take more memory than the process may hold, many times at once
-- end: returned
-- prints: 0 of 50
local keys, waiting = 0, 50
for n = 1, waiting do
  coroutine.spawn(function()
    local key, err = crypto.argon2id("password", "somesalt", { memory = 1048576, iterations = 4 })
    assert(key or errors.is(err, errors.RATE_LIMITED))
    keys = keys + (key and 1 or 0)
    waiting = waiting - 1
  end)
end
while waiting > 0 do
  time.sleep("1ms")
end
print(keys .. " of 50")
