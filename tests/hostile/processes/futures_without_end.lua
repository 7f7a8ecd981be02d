-- tries: make more futures than the process may wait for, keep none, and never read an answer
-- end: returned
-- grows: 800 MiB
return function(role)
  if role == "callee" then
    process.inbox():receive()
  end
  local refused = 0
  for i = 1, 15000 do
    local future = assert(funcs.new():async("app:attack", "callee"))
    if i > 14990 then
      local answer, ok = future:response():receive("50ms")
      if ok and answer:kind() == errors.RATE_LIMITED then
        refused = refused + 1
      end
    end
  end
  assert(refused > 0)
end
