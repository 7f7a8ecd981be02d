-- The order of hooks, and what their failures do.
-- shows: TS-8
local test = require("test")

local calls
local function calling(name)
  return function()
    calls[#calls + 1] = name
  end
end

local function run(define)
  calls = {}
  return test.run_cases(define)(), table.concat(calls, " ")
end

local result, order = run(function()
  test.before_each(calling "b0")
  test.after_each(calling "a0")
  test.describe("outer", function()
    test.before_all(calling "B1")
    test.after_all(calling "A1")
    test.before_each(calling "b1")
    test.before_each(calling "b1'")
    test.after_each(calling "a1")
    test.after_each(calling "a1'")
    test.it("x", calling "x")
    test.describe("inner", function()
      test.before_all(calling "B2")
      test.after_all(calling "A2")
      test.before_each(calling "b2")
      test.after_each(calling "a2")
      test.it("y", calling "y")
      test.it_skip("z", calling "z")
    end)
    test.describe("skipped", function()
      test.before_all(calling "B3")
      test.after_all(calling "A3")
      test.it_skip("w", calling "w")
    end)
    test.it("v", function()
      calling "v" ()
      error("it fails")
    end)
  end)
end)
assert(result.passed_tests == 2 and result.failed_tests == 1 and result.skipped_tests == 2)
assert(order == "B1 b0 b1 b1' x a1' a1 a0 B2 b0 b1 b1' b2 y a2 a1' a1 a0 A2 b0 b1 b1' v a1' a1 a0 A1", order)

-- A failure of `before_all` is that of all cases around which it stands; they are not run.
result, order = run(function()
  test.describe("outer", function()
    test.before_all(function() error("no database", 0) end)
    test.after_all(calling "A")
    test.before_each(calling "b")
    test.it("x", calling "x")
    test.describe("inner", function()
      test.before_all(calling "B")
      test.it("y", calling "y")
    end)
  end)
  test.it("z", calling "z")
end)
assert(result.failed_tests == 2 and result.passed_tests == 1 and order == "A z", order)
local inner = result.test_suites["outer > inner"].tests[1]
assert(inner.error == "before_all of outer: no database", inner.error)

-- A failure of `before_each` or `after_each` is that of the case; hooks behind it are called.
result, order = run(function()
  test.before_each(function() error("no table", 0) end)
  test.before_each(calling "b")
  test.after_each(calling "a")
  test.after_each(function() error("no end", 0) end)
  test.it("x", calling "x")
end)
assert(result.failed_tests == 1 and order == "a", order)
assert(result.test_suites[""].tests[1].error == "before_each: no table")
result = run(function()
  test.after_each(function() error("no end", 0) end)
  test.it("x", calling "x")
end)
assert(result.failed_tests == 1 and result.test_suites[""].tests[1].error == "after_each: no end")

-- A failure of `after_all` is told once all cases were run.
local ok, err = pcall(run, function()
  test.describe("outer", function()
    test.after_all(function() error("no end", 0) end)
    test.it("x", calling "x")
  end)
  test.it("y", calling "y")
end)
assert(not ok and tostring(err) == "after_all of outer: no end" and table.concat(calls, " ") == "x y")
