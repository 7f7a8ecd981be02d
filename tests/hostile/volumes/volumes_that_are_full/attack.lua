-- tries: write more than a volume may have: by holes, files without a name, many small things, and many processes at once
-- end: returned
local MOST <const> = 4 << 20
local v = assert(fs.get("files"))

local function refused(value, err)
  assert(not value and errors.is(err, errors.RATE_LIMITED), tostring(value) .. " " .. tostring(err))
end

local name, word = ...
if name then
  -- One of many that write, remove and shorten at once.
  local piece = ("x"):rep(60000)
  for n = 1, 40 do
    local ok, err = v:writefile(name, piece, n % 5 == 0 and "w" or "a")
    assert(ok or errors.is(err, errors.RATE_LIMITED), err)
    ok, err = v:writefile("shared", piece, n % 7 == 0 and "w" or "a")
    assert(ok or errors.is(err, errors.RATE_LIMITED), err)
    local f = v:open("shared", "rw")
    if f then
      f:seek("set", n * 100000)
      f:write(word)
      f:close()
    end
    if n % 9 == 0 then
      v:remove("shared")
      v:remove(name)
    end
  end
  return
end

local hole = assert(v:open("hole", "rw"))
for _, far in ipairs { MOST, 1 << 40, math.maxinteger } do
  assert(hole:seek("set", far))
  assert(not hole:write("x"))
end
assert(v:stat("hole").size == 0)

-- Files that have no name any more.
local piece, open = ("x"):rep(65000), {}
for n = 1, 60 do
  local f = v:open("unnamed", "w")
  local written = f and f:write(piece)
  if not written then
    break
  end
  open[n] = f
  assert(v:remove("unnamed"))
end
assert(#open == 60, #open)
refused(v:writefile("more", ("x"):rep(200000)))
for _, f in ipairs(open) do
  assert(f:close())
end
v:remove("more")
v:remove("unnamed")

-- Small things take room, too.
local made = 0
while v:mkdir("d" .. made) do
  made = made + 1
  assert(made <= 1024, made)
end
refused(v:writefile("small", "", "wx"))
for n = 0, made - 1 do
  assert(v:remove("d" .. n))
end

local done = process.events()
for n = 1, 16 do
  assert(process.spawn_monitored("app:attack", "app:attackers", "own" .. n, ("y"):rep(n)))
end
for _ = 1, 16 do
  local result = done:receive().result
  assert(result.error == nil, result.error)
end
local all = 0
for entry in v:readdir("/") do
  all = all + 4096 + v:stat(entry.name).size
end
assert(all <= MOST, all)
