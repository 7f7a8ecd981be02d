-- tries: forge records of the log, and draw on the operator's terminal, from every field that a process fills
-- end: failed Internal
-- says: \n2026-01-01T00:00:00Z ERROR warren: forged
-- logs: \n2026-01-01T00:00:00Z ERROR warren: forged
-- logs: \u{1b}[2J
-- logs: \u{202e}
-- forges: 2026-01-01T00:00:00Z ERROR warren: forged
local forged = "x\n2026-01-01T00:00:00Z ERROR warren: forged\r\27[2J\27]0;title\7\u{202e}\u{2028}\u{85}\0"
local fields = { [forged] = forged, nested = { [forged] = { forged } }, message = forged, target = forged, level = "ERROR" }
for _, level in ipairs { "debug", "info", "warn", "error" } do
  logger[level](forged, fields)
  logger:named(forged):with(fields)[level](logger:named(forged), forged, fields)
end
warn("@on")
warn(forged)
process.registry.register(forged)
error(forged, 0)
