-- tries: overflow the stack of the interpreter, and with it that of the runtime, in every form of recursion
-- end: returned
local function calls(n) return n + calls(n) end
local function protected(...) return select("#", ..., pcall(protected, ...)) end
local self = setmetatable({}, {})
local metatable = getmetatable(self)
metatable.__index = function(t, k) return t[k .. "x"] end
metatable.__newindex = function(t, k, v) t[k .. "x"] = v end
metatable.__concat = function(a, b) return a .. b end
metatable.__add = function(a, b) return a + b end
metatable.__lt = function(a, b) return a < b end
metatable.__len = function(a) return #a end
metatable.__unm = function(a) return -a end
metatable.__tostring = function(a) return tostring(a) end
metatable.__pairs = function(a) return pairs(a) end
local chain = {}
for _ = 1, 30000 do chain = setmetatable({}, { __index = chain }) end
local callable = function() end
for _ = 1, 300 do callable = setmetatable({}, { __call = callable }) end
local forms = {
  function() return calls(1) end,
  function() return protected() end,
  function() return self.x end,
  function() self.x = 1 end,
  function() return self .. self end,
  function() return self + 1 end,
  function() return self < self end,
  function() return #self end,
  function() return -self end,
  function() return tostring(self) end,
  function() return pairs(self) end,
  function() return chain.missing end,
  function() return callable() end,
  function() local function f() return coroutine.wrap(f)() end return f() end,
  function() local function f() return string.gsub("x", "x", f) end return f() end,
  function() local function f() table.sort({ 1, 2, 3 }, f) end return f() end,
  function() local function f() return load(f) end return f() end,
  function() local function f() return xpcall(error, f) end return f() end,
  function() local function f() local _ <close> = setmetatable({}, { __close = f }) error("x") end return f() end,
  function() local function f() setmetatable({}, { __gc = f }) collectgarbage() end return f() end,
  function() return load(("("):rep(100000) .. "1") end,
  function() return load("return " .. ("{"):rep(100000)) end,
  function() return load(("do "):rep(100000)) end,
  function() return load("return " .. ("- "):rep(100000) .. "1") end,
  function() return load("return " .. ("1 .. "):rep(100000) .. "1") end,
  function() return load(("function f() "):rep(100000)) end,
  function() return load("return f" .. ("()"):rep(200000)) end,
  function() return string.find(("x"):rep(100000), ("x?"):rep(100000) .. "y") end,
  function() return string.match(("("):rep(10000), ("%("):rep(10000) .. ("()"):rep(100)) end,
  function() return json.decode(("["):rep(200000)) end,
  function() return json.decode(('{"a":'):rep(100000)) end,
  function() local t = {} for _ = 1, 20000 do t = { t } end return json.encode(t) end,
  function() local t = {} for _ = 1, 20000 do t = { t } end return process.send(process.pid(), "t", t) end,
  function() local t = {} for _ = 1, 20000 do t = { [1.5] = t } end return process.with_context { t = t } end,
  function() local t = {} for _ = 1, 20000 do t = { t } end return logger.info("deep", { t = t }) end,
  function() local t = {} for _ = 1, 20000 do t = { t } end return security.new_actor("deep", { t = t }) end,
  function() local e = errors.new("leaf") for _ = 1, 20000 do e = errors.new { message = "m", details = { e } } end return process.send(process.pid(), "t", e) end,
  function() local e = errors.new("leaf") for _ = 1, 20000 do e = errors.new { message = "m", details = { e } } end return nil, tostring(e) end,
}
return function()
  for _, form in ipairs(forms) do
    coroutine.resume(coroutine.create(form))
    pcall(form)
    collectgarbage()
  end
  assert(calls and process.pid())
end
