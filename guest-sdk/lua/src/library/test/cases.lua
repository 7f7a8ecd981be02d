-- Cases of a test: their definition by `describe` and `it`, and their run.

local mocks = require("warren.test.mocks")
local report = require("warren.test.report")
local structured = require("warren.server.failures").structured
local errors, error, type, next, xpcall, tostring, sub = errors, error, type, next, xpcall, tostring, string.sub
local call_stack, now = errors.call_stack, time.now

-- Bytes of the text of a failure that are sent and returned.
local LONGEST <const> = 64 * 1024
-- Bytes of all texts, and cases, that a result has.
local BYTES_OF_RESULT <const>, CASES_OF_RESULT <const> = 256 * 1024, 2000

local cases = {}

-- The suite that is being defined; nil outside of `run_cases`.
local at

local function check(place, name, expected, value)
  if type(value) ~= expected then
    local got = value == nil and "no value" or type(value)
    error("bad argument #" .. place .. " to '" .. name .. "' (" .. expected .. " expected, got " .. got .. ")", 3)
  end
end

-- Raises outside of a definition of cases.
local function check_defining(name)
  if not at then
    error("'" .. name .. "' defines cases, within the function that is given to test.run_cases", 3)
  end
end

local function new_suite(name, parent)
  local path = name
  if parent and parent.path ~= "" then
    path = parent.path .. " > " .. name
  end
  return {
    path = path, parent = parent, items = {},
    before_all = {}, after_all = {}, before_each = {}, after_each = {},
  }
end

function cases.describe(name, define)
  check(1, "describe", "string", name)
  check(2, "describe", "function", define)
  check_defining("describe")
  local around = at
  local suite = new_suite(name, around)
  around.items[#around.items + 1] = suite
  at = suite
  define()
  at = around
end

local function add_case(name, run, skipped)
  at.items[#at.items + 1] = { name = name, run = run, skipped = skipped, suite = at }
end

function cases.it(name, run)
  check(1, "it", "string", name)
  check(2, "it", "function", run)
  check_defining("it")
  add_case(name, run, false)
end

-- A case that is not run; the function may be left out.
function cases.it_skip(name, run)
  check(1, "it_skip", "string", name)
  check_defining("it_skip")
  add_case(name, run, true)
end

for _, kind in next, { "before_all", "after_all", "before_each", "after_each" } do
  cases[kind] = function(hook)
    check(1, kind, "function", hook)
    check_defining(kind)
    local hooks = at[kind]
    hooks[#hooks + 1] = hook
  end
end

-- Calls a function. Returns the structured error of what it raised, nil without; else what
-- it has returned behind that.
local function call(f)
  local returned, value, err = xpcall(f, structured)
  if not returned then
    return value
  end
  return nil, value, err
end

-- Runs a case by itself. Returns its failure: a structured error and, where that was raised,
-- true.
local function failure_of(case)
  local raised, value, err = call(case.run)
  if raised ~= nil then
    return raised, true
  elseif value == false then
    return errors.new("the case returned false")
  elseif value == nil and (type(err) == "string" or call_stack(err)) then
    return type(err) == "string" and errors.new(err) or err
  end
end

-- Calls hooks, the last one first where they come after a case. Returns the first failure.
-- Hooks that come before stop at it.
local function call_hooks(hooks, is_after)
  local first
  for place = 1, #hooks do
    local failed = call(hooks[is_after and #hooks + 1 - place or place])
    first = first or failed
    if first and not is_after then
      break
    end
  end
  return first
end

-- Calls the hooks of a suite and of those around it: the outer ones first or, after a case,
-- last.
local function call_all_hooks(suite, kind, is_after)
  local first
  if not is_after and suite.parent then
    first = call_all_hooks(suite.parent, kind, is_after)
  end
  if not first or is_after then
    first = call_hooks(suite[kind], is_after)
  end
  if is_after and suite.parent then
    local outer = call_all_hooks(suite.parent, kind, is_after)
    first = first or outer
  end
  return first
end

-- Returns the failure of a hook, which names the hook; nothing without one.
local function of_hook(failed, kind, suite)
  if failed then
    return errors.wrap(failed, suite and suite.path ~= "" and kind .. " of " .. suite.path or kind)
  end
end

-- Returns the suites with cases of their own, in order, each with its cases.
local function plan_of(suite, plan)
  local own
  for _, item in next, suite.items do
    if item.items then
      plan_of(item, plan)
    else
      if not own then
        own = { name = suite.path, tests = {} }
        plan[#plan + 1] = own
      end
      own.tests[#own.tests + 1] = { name = item.name, skipped = item.skipped }
    end
  end
  return plan
end

-- Returns true for a suite with a case that is run.
local function has_cases(suite)
  for _, item in next, suite.items do
    if item.items and has_cases(item) or item.run and not item.skipped then
      return true
    end
  end
  return false
end

-- The place where an error was raised in this process: file and line.
local function place_of(err)
  local stack = call_stack(err)
  local frame = stack and stack.thread ~= "another process" and stack.frames[1]
  if frame then
    return frame.source, frame.line
  end
end

local function milliseconds(from, to)
  return to:sub(from):nanoseconds() / 1e6
end

-- Adds a case to the result, and counts it.
local function note(run, case, status, duration, text)
  local result = run.result
  local count = status .. "ed_tests"
  count = status == "skip" and "skipped_tests" or count
  result[count] = result[count] + 1
  run.noted = run.noted + 1
  if run.noted > CASES_OF_RESULT then
    return
  end
  if text then
    text = sub(text, 1, run.bytes)
    run.bytes = run.bytes - #text
  end
  local suite = result.test_suites[case.suite.path]
  if not suite then
    suite = { name = case.suite.path, status = "ok", tests = {} }
    result.test_suites[case.suite.path] = suite
  end
  if text then
    suite.status = "error"
  end
  suite.tests[#suite.tests + 1] = { name = case.name, status = status, duration_ms = duration, error = text }
end

-- Runs a case with its hooks. `failed` is the failure of a `before_all` around it, which is
-- the case's own.
local function run_case(run, case, failed)
  local begun = now()
  local data = { suite = case.suite.path, test = case.name, timestamp = begun:unix() }
  if case.skipped then
    run.send("test:case:skip", data)
    return note(run, case, "skip")
  end
  run.send("test:case:start", data)
  local raised = true
  if not failed then
    failed = of_hook(call_all_hooks(case.suite, "before_each", false), "before_each")
    if not failed then
      failed, raised = failure_of(case)
    end
    local after = of_hook(call_all_hooks(case.suite, "after_each", true), "after_each")
    if not failed then
      failed, raised = after, true
    end
    mocks.restore_all_mocks()
  end
  local ended = now()
  local duration = milliseconds(begun, ended)
  data = { suite = case.suite.path, test = case.name, timestamp = ended:unix(), duration = duration / 1000 }
  if not failed then
    run.send("test:case:pass", data)
    return note(run, case, "pass", duration)
  end
  local text = sub(tostring(failed), 1, LONGEST)
  data.error = text
  if raised then
    data.source, data.line = place_of(failed)
    data.stack = sub(failed:stack(), 1, LONGEST)
  end
  run.send("test:case:fail", data)
  note(run, case, "fail", duration, text)
end

-- Runs the cases of a suite, in the order of their definition. Hooks are called around cases
-- that are run, and only there.
local function run_suite(run, suite, failed)
  local has_hooks = not failed and has_cases(suite)
  if has_hooks then
    failed = of_hook(call_hooks(suite.before_all, false), "before_all", suite)
  end
  for _, item in next, suite.items do
    if item.items then
      run_suite(run, item, failed)
    else
      run_case(run, item, failed)
    end
  end
  if has_hooks then
    local after = of_hook(call_hooks(suite.after_all, true), "after_all", suite)
    run.fault = run.fault or after
  end
end

-- Defines cases and runs all of them. Returns what came of it. Raises what the definition
-- raises and, once all cases were run, what a hook `after_all` has raised.
function cases.run(define, options)
  local around, root = at, new_suite("")
  at = root
  local failed = call(define)
  at = around
  if failed then
    error(failed, 0)
  end
  local begun = now()
  local send = report.sender(options)
  local plan = plan_of(root, {})
  local total = 0
  for _, suite in next, plan do
    total = total + #suite.tests
  end
  local result = {
    status = "ok", timestamp = begun:unix(), ref_id = type(options) == "table" and options.ref_id or nil,
    total_tests = total, passed_tests = 0, failed_tests = 0, skipped_tests = 0, test_suites = {},
  }
  local run = { send = send, result = result, noted = 0, bytes = BYTES_OF_RESULT }
  send("test:plan", { suites = plan, timestamp = begun:unix() })
  run_suite(run, root)
  local ended = now()
  result.duration_ms = milliseconds(begun, ended)
  if result.failed_tests > 0 or run.fault then
    result.status = "error"
  end
  send("test:complete", {
    total = total, passed = result.passed_tests, failed = result.failed_tests, skipped = result.skipped_tests,
    duration = result.duration_ms / 1000, timestamp = ended:unix(),
    status = result.status == "ok" and "passed" or "failed",
  })
  if run.fault then
    error(run.fault, 0)
  end
  return result
end

return cases
