-- Policies, actors and scopes are values: they judge without giving rights, and cross as
-- plain data.
-- shows: Y-9, Y-11, Y-15, Y-16

local function is(value, expected)
  assert(value == expected, tostring(value) .. ", not " .. tostring(expected))
end

local reader = assert(security.policy("app:reader"))
local closed = assert(security.policy("closed"))
is(reader:id(), "app:reader")
is(tostring(reader), "app:reader")
is("<" .. reader .. ">", "<app:reader>")
is(select(2, security.policy("app:nothing")):kind(), errors.NOT_FOUND)
is(select(2, security.policy("reader")):kind(), errors.NOT_FOUND)

local ada = security.new_actor("ada", { role = "admin" })
local bob = security.new_actor("bob")
is(next(bob:meta()), nil)
ada:meta().role = "changed"
is(ada:meta().role, "admin")

is(reader:evaluate(ada, "read", "book"), "allow")
is(reader:evaluate(bob, "read", "book"), "undefined")
is(reader:evaluate(nil, "read", "book"), "undefined")
is(reader:evaluate(ada, "write", "book"), "undefined")
is(reader:evaluate(bob, "read", "leaflet", { free = true }), "allow")
is(closed:evaluate(ada, "read", "vault"), "deny")
-- An action that the schema lacks is judged by the statements that name no action.
is(reader:evaluate(bob, "burn", "leaflet", { free = true }), "allow")
is(reader:evaluate(ada, "burn", "book"), "undefined")
is(closed:evaluate(ada, "burn", "vault"), "deny")
is(closed:evaluate(ada, "burn", "book"), "undefined")
-- The action says what a resource is.
is(reader:evaluate(bob, "process.spawn", "app.shelf:book"), "allow")
is(reader:evaluate(bob, "process.spawn", "app.vault:book"), "undefined")
is(reader:evaluate(bob, "process.send", process.pid()), "allow")

local scope = security.new_scope { reader }
is(scope:evaluate(ada, "read", "vault"), "allow")
local both = scope:with("closed")
is(both:evaluate(ada, "read", "vault"), "deny")
is(both:evaluate(ada, "read", "book"), "allow")
is(both:without(closed):evaluate(ada, "read", "vault"), "allow")
is(security.new_scope():evaluate(ada, "read", "book"), "undefined")
is(scope:with("missing"):evaluate(ada, "read", "book"), "undefined")
is(both:contains(closed), true)
is(both:contains("closed"), true)
is(scope:contains(closed), false)
is(#both:with(closed):policies(), 2)
is(#scope:without("absent"):policies(), 1)
is(#scope:policies(), 1)
is(scope:policies()[1], reader)

local named = assert(security.named_scope("app:readers"))
is(named:contains("app:reader"), true)

-- Values cross as plain data.
local told = assert(process.exec("app:teller", "app:processes", reader, ada, both))
is(told.types, "string table table")
is(told.policy, "app:reader")
is(told.actor.id .. told.actor.meta.role, "adaadmin")
is(table.concat(told.scope, " "), "app:reader closed")
local returned = assert(process.exec("app:giver", "app:processes"))
is(table.concat(returned, " "), "app:reader")
is(json.encode { reader, both }, '["app:reader",["app:reader","closed"]]')
is(json.decode(json.encode(ada)).meta.role, "admin")

-- A value gives no right: the verdict is all.
is(security.can("read", "book"), false)
-- Two texts are too long together.
local nothing, err = reader:evaluate(ada, "read", ("x"):rep(70000))
is(nothing, nil)
is(err:kind(), errors.INVALID)
for place = 1, 2 do
  local arguments = { "read", "book" }
  arguments[place] = nil
  nothing, err = reader:evaluate(ada, arguments[1], arguments[2])
  is(nothing, nil)
  is(err:kind(), errors.INVALID)
end
