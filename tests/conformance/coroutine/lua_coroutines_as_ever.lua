-- Lua's own coroutines behave as in Lua.
-- shows: I-8, O-6
local co = coroutine.create(function(a)
  local b = coroutine.yield(a + 1)
  return a + b
end)
local ok, value = coroutine.resume(co, 1)
assert(ok and value == 2 and coroutine.status(co) == "suspended")
ok, value = coroutine.resume(co, 10)
assert(ok and value == 11 and coroutine.status(co) == "dead")
ok, value = coroutine.resume(co)
assert(not ok and value == "cannot resume dead coroutine")

local wrapped = coroutine.wrap(function()
  error({ code = 1 })
end)
ok, value = pcall(wrapped)
assert(not ok and value.code == 1)

local closed = false
co = coroutine.create(function()
  local _ <close> = setmetatable({}, {
    __close = function()
      closed = true
    end,
  })
  coroutine.yield()
end)
coroutine.resume(co)
assert(coroutine.close(co) == true and closed and coroutine.status(co) == "dead")
assert(coroutine.isyieldable(coroutine.create(print)))
local this = coroutine.running()
assert(coroutine.status(this) == "running")
ok, value = coroutine.resume(this)
assert(not ok and value:find("cannot resume non%-suspended coroutine"))
