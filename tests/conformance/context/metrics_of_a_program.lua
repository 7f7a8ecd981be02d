-- Counters, gauges and histograms; what is refused, and the bound of a definition.
-- shows: G-9, G-10
local function fails(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(err))
  return err
end

assert(metrics == require("metrics"))
assert(select("#", metrics.counter_inc("jobs.done")) == 1)
assert(metrics.counter_inc("jobs.done", { queue = "mail" }) == true)
assert(metrics.counter_add("jobs.done", 0) and metrics.counter_add("jobs.done", 2.5, { queue = "mail" }))
assert(metrics.gauge_set("load", -0.5) and metrics.gauge_inc("load") and metrics.gauge_dec("load", {}))
assert(metrics.histogram("took", 1e9) and metrics.histogram("took", -1, { ["http.route"] = "/{id}\n\"x\"" }))
-- Labels that are no text are ignored.
assert(metrics.counter_inc("ignored", { n = 1, f = print, t = {}, b = true, [1] = "one", err = errors.new("x") }))

for _, n in ipairs { 0 / 0, 1 / 0, -1 / 0 } do
  for _, name in ipairs { "counter_add", "gauge_set", "histogram" } do
    fails(errors.INVALID, metrics[name]("m", n))
  end
end
for _, n in ipairs { -1, -0.001, math.mininteger } do
  fails(errors.INVALID, metrics.counter_add("m", n))
end
assert(metrics.counter_add("huge", 1.7e308))
fails(errors.INVALID, metrics.counter_add("huge", 1.7e308))
fails(errors.INVALID, metrics.counter_add("m"))
fails(errors.INVALID, metrics.counter_inc())
for _, name in ipairs { "", "a b", "a-b", "a{b}", "\xff", "ä", ("x"):rep(129), ("x"):rep(17000), ("x"):rep(100000) } do
  fails(errors.INVALID, metrics.counter_inc(name))
  local _, err = metrics.counter_inc(name, { a = "b" })
  assert(tostring(err):find("^name"), tostring(err))
end
for _, labels in ipairs {
  { [""] = "x" }, { ["1a"] = "x" }, { __a = "x" }, { ["a b"] = "x" }, { host = "x" }, { definition = "x" },
  { le = "1" }, { a = ("x"):rep(257) }, { [("x"):rep(65)] = "x" }, { a = "\xff" }, { ["a.b"] = "x", a_b = "y" },
  { a = ("x"):rep(1000000) },
} do
  fails(errors.INVALID, metrics.counter_inc("m", labels))
end
local many = {}
for n = 1, 17 do many["l" .. n] = "x" end
fails(errors.INVALID, metrics.counter_inc("m", many))

-- A name has one type, also as it is shown.
assert(not metrics.gauge_set("jobs.done", 1))
local err = fails(errors.CONFLICT, metrics.histogram("jobs_done", 1))
assert(tostring(err):find("the histogram jobs_done would be shown as app_jobs_done", 1, true), tostring(err))
assert(err:retryable() == false)
fails(errors.CONFLICT, metrics.gauge_inc("jobs.done.total"))
fails(errors.CONFLICT, metrics.counter_inc("took_count"))

-- A thousand series.
local made
for n = 1, 1000 do
  local ok, why = metrics.counter_inc("series", { n = tostring(n) })
  if not ok then
    made, err = n - 1, fails(errors.RATE_LIMITED, ok, why)
    break
  end
end
assert(made > 900 and err:retryable() == true, made)
local details = err:details()
assert(details.limit == "max_series" and details.value == 1000 and details.definition == "app:metrics_of_a_program")
fails(errors.RATE_LIMITED, metrics.gauge_set("another", 1))
assert(metrics.counter_inc("series", { n = "1" }) and metrics.counter_inc("jobs.done"))
