-- test: cases, the statements of `assert` and some more, and mocks.
--
--     -- sum_test.lua
--     local test = require("test")
--
--     return test.run_cases(function()
--       test.describe("sum", function()
--         test.it("adds", function()
--           test.eq(1 + 1, 2)
--         end)
--       end)
--     end)
--
-- Messages to the process { pid =, topic = } of the options: one value { type =, data = },
--
--   test:plan        { suites = { { name =, tests = { { name =, skipped = } } } } }
--   test:case:start  { suite =, test = }, and so for pass, fail and skip
--   test:case:pass   duration = seconds
--   test:case:fail   duration =, error = text, source =, line =, stack =
--   test:complete    total =, passed =, failed =, skipped =, duration =, status =
--
-- all with timestamp = seconds since 1970, and ref_id = that of the options.

local checks = require("warren.test.checks")
local cases = require("warren.test.cases")
local mocks = require("warren.test.mocks")
local bad_argument = require("warren.server.failures").bad_argument
local globals, rawget, rawset, type, next, setmetatable = _G, rawget, rawset, type, next, setmetatable

local test = {}
for name, check in next, checks do
  test[name] = check
end
for name, mock in next, mocks do
  test[name] = mock
end

test.describe, test.spec, test.context = cases.describe, cases.describe, cases.describe
test.it, test.it_skip = cases.it, cases.it_skip
test.before_all, test.after_all = cases.before_all, cases.after_all
test.before_each, test.after_each = cases.before_each, cases.after_each

-- Names that a run of cases makes globals, where the program has none.
local GLOBALS <const> = {
  "describe", "it", "it_skip", "before_all", "after_all", "before_each", "after_each", "mock", "mock_process",
  "restore_mock", "restore_all_mocks",
}

local end_of_run = {
  __close = function(added)
    for _, name in next, added do
      if rawget(globals, name) == test[name] then
        rawset(globals, name, nil)
      end
    end
    mocks.restore_all_mocks()
  end,
}

-- Returns the function that runs the cases which `define` defines. Its argument, a table
-- { pid =, topic =, ref_id = }, names the process that is sent messages.
function test.run_cases(define)
  if type(define) ~= "function" then
    bad_argument(1, "run_cases", "function", define)
  end
  return function(options)
    local added <close> = setmetatable({}, end_of_run)
    for _, name in next, GLOBALS do
      if rawget(globals, name) == nil then
        rawset(globals, name, test[name])
        added[#added + 1] = name
      end
    end
    local result = cases.run(define, options)
    return result
  end
end

return test
