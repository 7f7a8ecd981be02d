-- Loggers are made of others; wrong types raise, missing messages are INVALID.
-- shows: G-4, C-3
local log = logger:with { region = "eu" }:named("shop"):with { user = 7 }
assert(log:info("started", { items = { 1, 2 } }))
assert(logger.debug("quiet") and logger.info("plain") and logger.warn("careful") and logger.error("bad"))
assert(not pcall(log.info, log, "x", 7))
assert(not pcall(log.with, log, true))
local value, err = log:info()
assert(value == nil and errors.is(err, errors.INVALID))
value, err = logger:named("")
assert(value == nil and errors.is(err, errors.INVALID))
