-- Fields have any value; an error in their place is the field `error`.
-- shows: G-7
-- stderr: "no money"
-- stderr: "half a text"
-- stderr: "later: no money"
-- stderr: function:
-- stderr: "1m30s"
-- stderr: "in a table"
-- stderr: "meta": {"role": "admin"}
-- stderr: "nothing": "null"
-- stderr: ["readers"]
-- stderr: "x": 5
-- stderr: within
-- stderr: app:log_fields_have_any_value:23
-- stderr: "location": "app:log_fields_have_any_value:38"
-- stderr: "location": "app:log_fields_have_any_value:39"
-- stderr: "location": "app:log_fields_have_any_value:40"
local no_money = errors.new("no money")
local itself = {}
itself.itself = itself
local deep = {}
for _ = 1, 200 do deep = { deep } end
assert(logger:error("cannot buy", no_money))
assert(logger.error("cannot buy", no_money))
assert(logger:error("cannot read", "half a text"))
assert(logger:warn("tried", { error = errors.wrap(no_money, "later"), f = print, d = time.parse_duration("90s") }))
assert(logger:info("values", {
  [1] = 1, [true] = false, [print] = 2, deep = deep, itself = itself, nan = 0 / 0, bytes = "\xff\0",
  channel = channel.new(), nothing = json.null, e = { errors.new("in a table") },
  coroutine = coroutine.create(print), stdout = io.stdout,
}))
assert(logger:info("identities", {
  actor = security.new_actor("ada", { role = "admin" }), scope = security.new_scope { "readers" },
  policy = security.new_scope({ "p" }):policies()[1], payload = payload.new { x = 5 },
}))
assert(logger:with(errors.new("within")):info("always"))
-- The place of the call is the runtime's to say.
assert(logger:info("placed", { location = "elsewhere" }))
assert(logger:with({ location = "elsewhere" }):info("placed"))
assert(logger:with({ location = "elsewhere" }):named("n"):info("placed", { location = 5 }))
assert(logger:info("listed", { "a", "b" }))
