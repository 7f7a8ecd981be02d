-- assert: statements of values, for tests. The table may be called as Lua's own `assert`,
-- which stays the global.

local checks = require("warren.test.checks")
local own = assert

local NAMES <const> = {
  "eq", "neq", "ok", "fail", "is_nil", "not_nil", "is_string", "is_number", "is_table", "is_function",
  "is_boolean", "contains", "has_error", "no_error", "throws", "not_throws", "error_kind", "error_contains",
}

local library = {}
for _, name in next, NAMES do
  library[name] = checks[name]
end

return setmetatable(library, {
  __call = function(_, ...)
    return own(...)
  end,
})
