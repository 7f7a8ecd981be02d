-- The place of a record is definition and line, in code of a module file and line; a
-- definition's code knows its definition wherever it runs.
-- shows: G-7
-- stderr: "location": "app:main:9"
-- stderr: "location": "lib/noted.lua:3"
-- stderr: "location": "app.api:handler:2"
-- stderr: "location": "app:main:13"
-- stderr: "location": "message:1"
logger:info("here")
require("lib.noted")()
assert(process.exec("app.api:handler", "app:processes"))
local log = logger:named("x")
coroutine.wrap(function() log:warn("in a coroutine") end)()
assert(load('logger:info("loaded") return true', "=message"))()
-- C has no place.
assert(select(2, pcall(logger.info, "from C")))
