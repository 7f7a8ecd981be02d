-- `run_cases` runs cases with their hooks, tells of each, and returns their numbers.
-- shows: TS-3, TS-7
local test = require("test")

local run = test.run_cases(function()
  test.describe("sum", function()
    test.it("adds", function()
      test.eq(1 + 1, 2)
    end)
    test.context("with a carry", function()
      test.it("fails", function()
        test.eq(9 + 1, 11, "the carry")
      end)
      test.it_skip("is not run", function()
        error("it is")
      end)
    end)
  end)
  -- Globals, as programs of the seed's system use them.
  describe("results", function()
    it("may be false", function() return false end)
    it("may be an error", function() return nil, errors.new("no luck") end)
    it("may be text", function() return nil, "no text" end)
    it("may be anything else", function() return nil, false end)
    it("may wait", function()
      time.sleep("1ms")
      return true
    end)
  end)
  test.spec("without describe", function() end)
  test.it("needs no suite", function() end)
end)

-- Runs the cases, and returns the result and the messages.
local function told(options)
  local updates = process.listen("updates")
  options.pid, options.topic = process.pid(), "updates"
  local result = run(options)
  local messages = {}
  while true do
    local message, open, why = updates:receive("1ms")
    if why == "timeout" then
      process.unlisten(updates)
      return result, messages
    end
    assert(open and message.data.timestamp > 1e9 and message.data.ref_id == options.ref_id)
    messages[#messages + 1] = message
  end
end

local result, messages = told { ref_id = "app:sum" }
local lines = {}
for _, message in ipairs(messages) do
  local data = message.data
  lines[#lines + 1] = ("%s %s/%s"):format(message.type, data.suite, data.test)
end
assert(table.concat(lines, "\n") == [[
test:plan nil/nil
test:case:start sum/adds
test:case:pass sum/adds
test:case:start sum > with a carry/fails
test:case:fail sum > with a carry/fails
test:case:skip sum > with a carry/is not run
test:case:start results/may be false
test:case:fail results/may be false
test:case:start results/may be an error
test:case:fail results/may be an error
test:case:start results/may be text
test:case:fail results/may be text
test:case:start results/may be anything else
test:case:pass results/may be anything else
test:case:start results/may wait
test:case:pass results/may wait
test:case:start /needs no suite
test:case:pass /needs no suite
test:complete nil/nil]], table.concat(lines, "\n"))

local plan = messages[1].data.suites
assert(#plan == 4 and plan[1].name == "sum" and plan[2].name == "sum > with a carry" and plan[4].name == "")
assert(plan[2].tests[1].skipped == false and plan[2].tests[2].skipped and plan[2].tests[2].name == "is not run")
local failed = messages[5].data
assert(failed.error == "cases.lua:12: the carry: expected 11, got 10", failed.error)
assert(failed.source == "cases.lua" and failed.line == 12 and failed.stack:find("cases.lua:12: in", 1, true))
assert(math.type(messages[3].data.duration) == "float" and messages[3].data.duration >= 0)
assert(messages[8].data.error == "the case returned false" and messages[8].data.line == nil)
assert(messages[10].data.error == "no luck" and messages[12].data.error == "no text")
local complete = messages[#messages].data
assert(complete.total == 9 and complete.passed == 4 and complete.failed == 4 and complete.skipped == 1)
assert(complete.status == "failed" and complete.duration >= 0)

assert(result.status == "error" and result.ref_id == "app:sum" and result.duration_ms >= 0)
assert(result.total_tests == 9 and result.passed_tests == 4 and result.failed_tests == 4 and result.skipped_tests == 1)
local carry = result.test_suites["sum > with a carry"]
assert(carry.status == "error" and carry.tests[1].error == failed.error and carry.tests[1].status == "fail")
assert(carry.tests[2].status == "skip" and result.test_suites.sum.tests[1].status == "pass")

-- It may be run again, and needs nobody to tell. The globals are gone.
assert(run().total_tests == 9 and run({}).passed_tests == 4)
assert(describe == nil and it == nil and mock == nil)

-- A process that is gone is told nothing; the rest goes on.
assert(run({ pid = "nobody" }).failed_tests == 4)

-- Cases are defined in their function, and nowhere else.
local ok, err = pcall(test.it, "late", function() end)
assert(not ok and err:find("'it' defines cases, within the function that is given to test.run_cases", 1, true))
ok, err = pcall(test.run_cases(function()
  test.describe("broken", function() error("no definition") end)
end))
assert(not ok and tostring(err):find("no definition", 1, true))
for _, call in ipairs { { test.it, 1 }, { test.describe, "x" }, { test.before_each }, { test.run_cases } } do
  ok, err = pcall(table.unpack(call))
  assert(not ok and tostring(err):find("bad argument #", 1, true), err)
end
