-- Runs spec files of the form that busted has, and prints what comes of each test.
local files = { ... }
-- A process has no directory for temporary files: they are made in its own.
if not pcall(io.tmpfile) then
  function io.tmpfile()
    return io.open("temporary", "w+")
  end
end
assert = require("luassert")
spy, mock, stub, match = require("luassert.spy"), require("luassert.mock"), require("luassert.stub"), require("luassert.match")
local blocks, passed, failed = {}, 0, 0
local function block() return blocks[#blocks] end
local function names(name)
  local list = {}
  for _, outer in ipairs(blocks) do list[#list + 1] = outer.name end
  list[#list + 1] = name
  return table.concat(list, " ")
end
local function hooks(kind, from, to, step)
  for i = from, to, step do
    for _, f in ipairs(blocks[i][kind]) do f() end
  end
end
function describe(name, body)
  blocks[#blocks + 1] = { name = name, before_each = {}, after_each = {}, teardown = {} }
  body()
  hooks("teardown", #blocks, #blocks, 1)
  blocks[#blocks] = nil
end
insulate, expose, context = describe, describe, describe
function before_each(f) table.insert(block().before_each, f) end
function after_each(f) table.insert(block().after_each, f) end
function setup(f) f() end
lazy_setup, strict_setup = setup, setup
function teardown(f) table.insert(block().teardown, f) end
lazy_teardown, strict_teardown = teardown, teardown
function randomize() end
function pending(name) print("pending", names(name)) end
local finalizer
function finally(f) finalizer = f end
function it(name, body)
  local snapshot = assert:snapshot()
  local function test()
    hooks("before_each", 1, #blocks, 1)
    body()
  end
  finalizer = nil
  local ok, why = xpcall(test, function(why)
    if type(why) == "table" and why.message ~= nil then why = why.message end
    return tostring(why)
  end)
  if finalizer then finalizer() end
  hooks("after_each", #blocks, 1, -1)
  snapshot:revert()
  if ok then passed = passed + 1 else failed = failed + 1 end
  print(ok and "ok" or "failed", names(name), ok and "" or why)
end
test, spec = it, it
blocks[1] = { name = "", before_each = {}, after_each = {}, teardown = {} }
for _, file in ipairs(files) do
  print("file", file)
  local chunk = assert(loadfile(file))
  chunk()
end
print(passed .. " passed, " .. failed .. " failed")
