-- Expressions of the whole standard library come to what Lua 5.4 makes of them,
-- errors included.
-- shows: I-8

local evaluate = require("evaluate")
local wrong = {}
for _, case in ipairs(require("expected")) do
  local expression, expected = case[1], case[2]
  local came = evaluate(expression):gsub("\n", "\\n")
  if came ~= expected then
    wrong[#wrong + 1] = expression .. "\n  Lua:  " .. expected .. "\n  here: " .. came
  end
end
assert(#wrong == 0, table.concat(wrong, "\n"))
