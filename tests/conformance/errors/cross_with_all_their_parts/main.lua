-- An error crosses with message, contexts, kind, retryable, details and stack.
-- shows: R-4, R-8, C-11
local function whole(err)
  assert(tostring(err) == "outer: inner: no: stock" and err:message() == "no: stock", err)
  assert(err:kind() == "Shop" and err:retryable() == true and err:details().left[1] == 0)
  assert(err:stack():find("^outer\ninner\nchild.lua:3: in "), err:stack())
  local stack = errors.call_stack(err)
  assert(stack.thread == "another process" and stack.frames[1].line == 3)
end
local inbox = process.inbox()
process.spawn("app:child", "app:processes", process.pid())
whole(inbox:receive():payload().err)
local _, err = process.exec("app:child", "app:processes")
whole(err)
assert(tostring(errors.wrap(err, "exec")) == "exec: outer: inner: no: stock")

process.spawn_monitored("app:child", "app:processes")
local result = process.events():receive().result
assert(result.error == "outer: inner: no: stock")
whole(result.cause)
