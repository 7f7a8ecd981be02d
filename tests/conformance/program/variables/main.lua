-- env reads what was granted, and sets variables for the whole program alone.
-- options: --env GREETING=hello --env EMPTY=
-- shows: I-5, I-17, I-18
local function fails(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(err))
  return err
end

assert(env.get("GREETING") == "hello" and env.get("EMPTY") == "")
assert(os.getenv("GREETING") == "hello" and select("#", os.getenv("NOTHING")) == 1)
-- Absent and ungranted are one.
local absent, ungranted = fails(errors.NOT_FOUND, env.get("NO_SUCH_VARIABLE")), fails(errors.NOT_FOUND, env.get("PATH"))
assert(tostring(absent):gsub("NO_SUCH_VARIABLE", "PATH") == tostring(ungranted))
assert(absent:find("not found", 1, true) and absent:retryable() == false)
for _, name in ipairs { "", "A=B", "A\0B", ("x"):rep(16385), "\xff" } do
  fails(errors.INVALID, env.get(name))
  fails(errors.INVALID, env.set(name, "x"))
end
for _, value in ipairs { 1, true, {}, "a\0b", "\xff", ("x"):rep(65537) } do
  fails(errors.INVALID, env.set("SHARED", value))
end
fails(errors.INVALID, env.set("SHARED"))
fails(errors.INVALID, env.get())
fails(errors.INVALID, env.get(1))

-- A variable that is granted for reading is not set.
fails(errors.NOT_FOUND, env.set("GREETING", "bye"))
fails(errors.NOT_FOUND, env.set("NO_SUCH_VARIABLE", "x"))

-- All processes that may set a variable see the value that one sets.
local host = "app:processes"
fails(errors.NOT_FOUND, env.get("SHARED"))
assert(env.set("SHARED", "one") == true)
assert(env.get("SHARED") == "one" and os.getenv("SHARED") == "one")
local seen = assert(process.exec("app:writer", host, "two"))
assert(seen.before == "one" and seen.after == "two" and seen.greeting == "hello")
assert(env.get("SHARED") == "two" and os.getenv("SHARED") == "two")
assert(assert(process.exec("app:reader", host)).shared == nil)

local all = env.get_all()
assert(all.GREETING == "hello" and all.EMPTY == "" and all.SHARED == "two" and all.PATH == nil)

-- Policies narrow what was granted.
local spawner = assert(process.with_context {})
local confined = assert(spawner:with_scope(security.new_scope { "greeting" }):exec("app:confined", host))
assert(confined.greeting == "hello" and confined.denied == errors.PERMISSION_DENIED and confined.empty == nil)
assert(confined.set == errors.PERMISSION_DENIED and confined.all == "GREETING")
assert(confined.can and not confined.cannot)
