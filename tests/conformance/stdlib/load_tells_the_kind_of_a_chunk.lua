-- A mode without text loads nothing, and the message tells the kind of the chunk by its first
-- byte, also of a chunk that a function yields.
-- shows: I-3

for _, case in ipairs {
  { "binary", "t", "\27Lua" }, { "binary", "t", "\27Lua", "x", "b" }, { "binary", "t", "\27Lua", "x", "q" },
  { "text", "b", "return 1", "x", "b" }, { "text", "q", "return 1", "x", "q" }, { "text", "b", "", "x", "b" },
  { "text", "5", "return 1", "x", 5 },
} do
  local kind, mode, chunk, name, given = table.unpack(case)
  local expected = ("attempt to load a %s chunk (mode is '%s')"):format(kind, mode)
  local loaded, why = load(chunk, name, given)
  assert(loaded == nil and why == expected, why)
  local pieces = 0
  loaded, why = load(function()
    pieces = pieces + 1
    return pieces == 1 and chunk or nil
  end, name, given)
  assert(loaded == nil and why == expected, why)
end
-- An error that a reader raises stays as it is, whatever its text.
for _, given in ipairs { "b", "t" } do
  local said = "attempt to load a text chunk (mode is '-')"
  local loaded, why = load(function() error(said, 0) end, "x", given)
  assert(loaded == nil and why == said, why)
  loaded, why = load(function() return {} end, "x", given)
  assert(loaded == nil and why == "reader function must return a string", why)
end
assert(load("return ...", "x", "bt")(7) == 7 and load(function() end, "x")() == nil)
