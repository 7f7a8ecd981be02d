-- tries: have short texts of YAML become values without end, and long ones fill the memory
-- end: returned
-- prints: refused 11 of 11
local laughs = "l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
for n = 1, 30 do
  laughs = laughs .. ("l%d: &l%d [%s]\n"):format(n, n, ("*l" .. n - 1 .. ", "):rep(9))
end
local chain = "- &a0 [x]\n# " .. ("x"):rep(100000) .. "\n"
for n = 1, 200 do
  chain = chain .. ("- &a%d [*a%d]\n"):format(n, n - 1)
end
local tags = "%TAG !a! " .. ("x"):rep(500000) .. "\n---\n" .. ("- !a!b c\n"):rep(50000)
local refused, texts = 0, {
  laughs, chain, tags,
  "&a [*a]", "&a {b: *a}", "&a [&b [*a, *b]]",
  ("["):rep(1000000), ("- "):rep(500000), ("{a: "):rep(200000), ("? "):rep(500000), ("[? "):rep(300000),
}
for _, text in ipairs(texts) do
  local value, err = yaml.decode(text)
  refused = refused + (value == nil and err and 1 or 0)
end
-- Texts that are read or refused, but end.
for _, text in ipairs {
  "[" .. ("1,"):rep(500000), "[" .. ("a: b,"):rep(200000) .. "]", ("x "):rep(500000), ("&a x\n"):rep(200000),
  ("- &a x\n"):rep(100000), ("\n"):rep(1000000) .. "x", '"' .. ("\\n"):rep(500000) .. '"', ("'"):rep(1000000),
  ("# x\n"):rep(200000), "|\n" .. (" x\n"):rep(300000), (":"):rep(1000000), ("!"):rep(1000000), ("%"):rep(1000000),
  ("a: "):rep(300000), ("{"):rep(500000) .. ("}"):rep(500000), ("- - "):rep(10) .. ("x: y\n"):rep(10000),
} do
  yaml.decode(text)
end
print("refused " .. refused .. " of " .. #texts)
