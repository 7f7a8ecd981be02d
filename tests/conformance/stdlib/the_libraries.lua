-- Each library is a global and is also what `require` gives.
-- shows: I-1
for _, name in ipairs {
  "process", "channel", "time", "errors", "json", "logger", "ctx", "security",
  "string", "table", "math", "utf8", "coroutine", "io", "os",
} do
  assert(type(_G[name]) == "table", name)
  assert(require(name) == _G[name], name)
end
