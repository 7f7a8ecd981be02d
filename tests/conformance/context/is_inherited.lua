-- Context values pass from spawner to child and on; they are fixed there.
-- shows: G-1, S-11, W-2
local depth = ...
if depth then
  return function()
    if depth == 0 then
      return ctx.all()
    end
    return (assert(process.exec("app:is_inherited", "app:processes", depth - 1)))
  end
end
assert(ctx.get("user") == nil and next(ctx.all()) == nil)
local spawner = assert(process.with_context { user = "ada", tags = { "a", "b" } })
local all = assert(spawner:exec("app:is_inherited", "app:processes", 3))
assert(all.user == "ada" and all.tags[2] == "b")

local value, err = process.with_context { [1] = "x" }
assert(value == nil and errors.is(err, errors.INVALID), "keys are strings")
value, err = process.with_context { f = print }
assert(value == nil and errors.is(err, errors.INVALID) and err:find("context.f", 1, true))
