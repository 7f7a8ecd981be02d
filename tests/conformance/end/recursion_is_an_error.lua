-- Recursion without end is an error like any other, in every form it has.
-- shows: E-15

local function calls(n)
  return 1 + calls(n + 1)
end

local function pcalls()
  local fine, err = pcall(pcalls)
  if not fine then
    error(err, 0)
  end
  return 1
end

local indexed = setmetatable({}, nil)
setmetatable(indexed, {
  __index = function(t, key)
    return t[key .. "x"]
  end,
})

local function text()
  return tostring(setmetatable({}, { __tostring = text }))
end

local forms = {
  calls,
  pcalls,
  function() return indexed.x end,
  text,
  function() return assert(load(("("):rep(100000) .. "1" .. (")"):rep(100000))) end,
  function() return assert(load("return " .. ("{"):rep(100000))) end,
  function() return (("a"):rep(300000)):match(("(a?"):rep(31) .. (")"):rep(31) .. ("a?"):rep(250000) .. "b") end,
  function()
    local function sorts()
      table.sort({ 3, 1, 2 }, function(a, b)
        sorts()
        return a < b
      end)
    end
    sorts()
  end,
  function()
    local function replaces()
      return (("x"):gsub("x", replaces))
    end
    return replaces()
  end,
  function()
    local function wraps()
      return coroutine.wrap(wraps)()
    end
    return wraps()
  end,
}
for i, form in ipairs(forms) do
  local fine, err = pcall(form, 1)
  assert(not fine, "form " .. i .. " came to an end")
  assert(type(err) == "string", "form " .. i)
end
