-- Holds the peers of guest SDKs against each other: each does everything with
-- each, itself included, for every value that can cross. Arguments are the
-- definitions of the peers; lua.lua is one and says what a peer does. With
-- `--only PEER` before them, that peer alone is held against each of them. It
-- prints what is not as it should be, and a last line that counts.
local host <const> = "app:processes"

local values = {
  { "nil", nil },
  { "true", true },
  { "false", false },
  { "0", 0 },
  { "-1", -1 },
  { "127", 127 },
  { "128", 128 },
  { "-129", -129 },
  { "65536", 65536 },
  { "2^53+1", (1 << 53) + 1 },
  { "maxinteger", math.maxinteger },
  { "mininteger", math.mininteger },
  { "1.0", 1.0 },
  { "-0.0", -0.0 },
  { "0.1", 0.1 },
  { "infinity", math.huge },
  { "-infinity", -math.huge },
  { "nan", 0 / 0 },
  { "2.0^53", 2.0 ^ 53 },
  { "empty text", "" },
  { "text", "Grüße, 世界 🚀" },
  { "zero bytes", "a\0b" },
  { "bytes", "\xff\xfe\x00\x80" },
  { "long text", ("x"):rep(70000) },
  { "empty table", {} },
  { "array", { 1, "two", 3.0, false } },
  { "long array", table.pack(("x"):rep(300):byte(1, -1)) },
  { "map", { name = "x", nested = { deep = { 1, 2, { a = true } } } } },
  { "keys", { [1] = "integer", [2.5] = "float", [true] = "boolean", ["1"] = "text", [-7] = "negative" } },
  { "error", errors.new { message = "inner", kind = errors.TIMEOUT, retryable = false, details = { 1.0, "x" } } },
  { "error in a table", { errors.new "plain" } },
}
values[27][2].n = nil

local function same(a, b)
  if math.type(a) ~= math.type(b) or type(a) ~= type(b) then return false end
  if a ~= a then return b ~= b end
  if a == 0 and math.type(a) == "float" then return 1 / a == 1 / b end
  if type(a) == "userdata" then
    return a:kind() == b:kind() and a:message() == b:message() and a:retryable() == b:retryable()
      and same(a:details(), b:details())
  end
  if type(a) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local failures = 0
local function check(what, wanted, got, err)
  if err == nil and same(wanted, got) then return end
  failures = failures + 1
  print(("%s: got %s %s, error %s"):format(what, math.type(got) or type(got), tostring(got), tostring(err)))
end

-- Sends bytes that are no values to a peer that waits for a question, then a
-- question: only that is answered.
local function survives_garbage(a)
  local pid = assert(process.spawn(a, host, "reply"))
  local _, err = process.exec("app:garbage", host, pid)
  assert(err == nil, err)
  local answers = process.listen("answer")
  assert(process.send(pid, "ask", "still there?"))
  local timeout = time.after("10s")
  local chosen = channel.select { answers:case_receive(), timeout:case_receive() }
  process.unlisten(answers)
  return chosen.channel == answers and chosen.value
end

local function check_alone(a)
  local refusals = { "NotFound", "Invalid", "NotFound", "Invalid", "NotFound", "Invalid", "NotFound" }
  check(a .. " refusals", refusals, process.exec(a, host, "refusals"))
  check(a .. " wait", { came = false, waited = true }, process.exec(a, host, "wait"))
  check(a .. " garbage", "still there?", survives_garbage(a))
  local _, bug = process.exec(a, host, "bug")
  check(a .. " bug", { "Internal", true }, { bug:kind(), bug:message():find("a bug", 1, true) ~= nil })
  local inherited = assert(process.with_context { region = { "eu", 1.0 } })
  check(a .. " context", { "eu", 1.0 }, inherited:exec(a, host, "context", "region"))
  check(a .. " no context", nil, process.exec(a, host, "context", "region"))
end

local function check_pair(a, b)
  local failed = { kind = "Conflict", message = "it contradicts", retryable = true, details = { 1, "x" } }
  local down = { event = "pid.exit", cause = failed }
  check(("%s watch %s"):format(a, b), down, process.exec(a, host, "watch", b, { 1, "x" }))
  down.event = "pid.link.down"
  check(("%s trap %s"):format(a, b), down, process.exec(a, host, "trap", b, { 1, "x" }))
  local asked = { event = "pid.cancel", deadline = true }
  check(("%s cancel %s"):format(a, b), asked, process.exec(a, host, "cancel", b))
  local found = { named = true, context = 1.5, topics = { "first", "second" }, counts = { 2, 1 }, value = 1.5 }
  check(("%s dress %s"):format(a, b), found, process.exec(a, host, "dress", b, 1.5))
end

local peers = { ... }
local first = peers
if peers[1] == "--only" then
  first = { peers[2] }
  peers = { table.unpack(peers, 3) }
end

local pairs_done = 0
for _, a in ipairs(first) do
  check_alone(a)
  for _, b in ipairs(peers) do
    check_pair(a, b)
    for _, case in ipairs(values) do
      local name, value = table.unpack(case, 1, 2)
      for _, command in ipairs { "exec", "upgrade", "ask" } do
        check(("%s %s %s, %s"):format(a, command, b, name), value, process.exec(a, host, command, b, value))
      end
      -- Lua takes tables alone for details.
      if b ~= "app:lua" or value == nil or type(value) == "table" then
        local seen = { kind = "Conflict", message = "it contradicts", retryable = true, details = value }
        -- Lua takes empty details for none.
        if b == "app:lua" and name == "empty table" then seen.details = nil end
        check(("%s catch %s, %s"):format(a, b, name), seen, process.exec(a, host, "catch", b, value))
      end
    end
    pairs_done = pairs_done + 1
  end
end
print(("%d pairs, %d values, %d failures"):format(pairs_done, #values, failures))
if failures > 0 then os.exit(1) end
