-- Each method refuses what it cannot use, at once.
-- shows: W-2, W-8

local spawner = assert(process.with_context {})
local function invalid(value, err)
  assert(value == nil and errors.is(err, errors.INVALID), err)
end
invalid(process.with_context { [1] = "x" })
invalid(process.with_context { [true] = "x" })
invalid(spawner:with_context { f = print })
invalid(spawner:with_name(""))
invalid(spawner:with_name("{x"))
invalid(spawner:with_name("@x"))
invalid(spawner:with_message(""))
invalid(spawner:with_message("@x"))
invalid(spawner:with_message("t", print))
invalid(spawner:spawn("app:refuses_what_cannot_be", ""))
