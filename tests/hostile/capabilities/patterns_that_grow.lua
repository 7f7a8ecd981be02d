-- tries: fill the memory with patterns, and every thread with searches that find little
-- end: terminated
for n = 1, 100 do
  coroutine.spawn(function()
    local round = 0
    while true do
      round = round + 1
      local re = text.regexp.compile(("(?:[a-z]{20}|x%d_%d){50}"):format(n, round))
      if re then
        re:find_all_string(("ab"):rep(4000))
      end
      text.regexp.compile(("(?:\\pL{%d}){%d}"):format(100 + round % 150, 1 + n % 4))
    end
  end)
end
time.sleep("1h")
