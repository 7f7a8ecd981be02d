-- tries: start and cancel calls without ever waiting for one
-- end: returned
return function(role)
  if role == "callee" then
    process.inbox():receive()
  end
  collectgarbage()
  local before = collectgarbage("count")
  for _ = 1, 20000 do
    local future = assert(funcs.async("app:attack", "callee"))
    assert(future:cancel() and future:is_complete())
  end
  collectgarbage()
  assert(collectgarbage("count") - before < 2048, collectgarbage("count") - before)
end
