-- A main that ends with `return require("m")` returns the module and its place: the place
-- is no error. Any other second text is.
-- shows: E-21, E-3
local how = ...
local endings = {
  ["the module"] = function()
    return require("lib.prices")
  end,
  ["the module, loaded before"] = function()
    assert(require("lib.prices").bread == 3)
    return require("lib.prices")
  end,
  ["the module in parentheses"] = function()
    return (require("lib.prices"))
  end,
  ["a module that returns another"] = function()
    return require("lib.outer")
  end,
  ["the module and an error"] = function()
    return require("lib.prices"), "sold out"
  end,
  ["nothing and its place"] = function()
    require("lib.prices")
    return nil, "lib/prices.lua"
  end,
  ["another value and its place"] = function()
    require("lib.prices")
    return { bread = 4 }, "lib/prices.lua"
  end,
}
if how then
  return endings[how]
end

for _, how in ipairs {
  "the module", "the module, loaded before", "the module in parentheses", "a module that returns another",
} do
  local value, err = process.exec("app:main", "app:processes", how)
  assert(err == nil and value.bread == 3, how)
end
for how, message in pairs {
  ["the module and an error"] = "sold out",
  ["nothing and its place"] = "lib/prices.lua",
  ["another value and its place"] = "lib/prices.lua",
} do
  local value, err = process.exec("app:main", "app:processes", how)
  assert(value == nil and tostring(err) == message, how)
end
