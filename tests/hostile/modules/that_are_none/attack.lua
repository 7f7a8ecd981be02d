-- tries: have the runtime compile, link and start what is no module, or promises what it does not have
-- end: returned
-- logs: \u{1b}[2J
-- forges: forged
-- unsaid: unusable file of the code cache
local start = '(func (export "start"))'
local memory = '(memory (export "memory") 1)'
local odd = {
  -- Refused before anything starts.
  no_memory = "(module " .. start .. ")",
  no_start = "(module " .. memory .. ")",
  start_with_parameters = "(module " .. memory .. '(func (export "start") (param i32)))',
  start_that_is_a_global = "(module " .. memory .. '(global (export "start") i32 (i32.const 0)))',
  memory_that_is_a_table = '(module (table (export "memory") 1 funcref) ' .. start .. ")",
  import_unknown = '(module (import "env" "f" (func)) ' .. memory .. start .. ")",
  import_that_draws = '(module (import "\\1b[2J\\nforged" "\\00\\e2\\80\\ae\\07" (func)) ' .. memory .. start .. ")",
  import_of_another_type = '(module (import "warren:core/process@0.1.0" "pid" (func (param f64))) ' .. memory .. start .. ")",
  import_memory = '(module (import "warren:core/process@0.1.0" "pid" (memory 1)) (export "memory" (memory 0)) ' .. start .. ")",
  import_of_wasi = '(module (import "wasi_snapshot_preview1" "path_steal" (func)) ' .. memory .. start .. ")",
  shared_memory = '(module (memory (export "memory") 1 1 shared) ' .. start .. ")",
  memory_64 = '(module (memory (export "memory") i64 1) ' .. start .. ")",
  heap_types = "(module (type (struct (field i32))) (global (ref null 0) (ref.null 0)) " .. memory .. start .. ")",
  table_too_large = "(module (table 4294967295 funcref) " .. memory .. start .. ")",
  tables = "(module " .. ("(table 10 funcref) "):rep(101) .. memory .. start .. ")",
  unclosed = "(module (func",
  brackets = ("("):rep(100000),
  blocks = "(module (func " .. ("(block "):rep(100000),
  instructions = "(module " .. memory .. '(func (export "start") (drop ' .. ("(i32.eqz "):rep(50000) .. "(i32.const 0)" .. (")"):rep(50002),
  comments = ("(;"):rep(300000),
  annotations = "(module (@a " .. ("(@b "):rep(100000),
  index = "(module (func (call 4294967295)) " .. memory .. start .. ")",
  local_count = "(module (func (local " .. ("i64 "):rep(60000) .. ")) " .. memory .. start .. ")",
  no_utf8 = "(module \xff\xfe",
  empty = "",
  -- Files of bytes.
  ["magic.wasm"] = "\0asm",
  ["version.wasm"] = "\0asm\xff\xff\xff\xff",
  ["length.wasm"] = "\0asm\1\0\0\0\1\xff\xff\xff\xff\x0f",
  ["count.wasm"] = "\0asm\1\0\0\0\1\5\xff\xff\xff\xff\x0f",
  ["custom.wasm"] = "\0asm\1\0\0\0" .. ("\0\1\0"):rep(100000),
  ["component.wasm"] = "\0asm\x0d\0\1\0\1\xff\xff\xff\x7f",
  ["nested.wasm"] = "\0asm\x0d\0\1\0" .. ("\4\x08\0asm\x0d\0\1\0"):rep(2000),
}
-- These start, and meet a limit.
local beyond = {
  memory_too_large = '(module (memory (export "memory") 65536) ' .. start .. ")",
  stack = "(module " .. memory .. '(func $f (export "start") (call $f)))',
}
-- These start, and fail by themselves.
local failing = {
  unreachable = "(module " .. memory .. '(func (export "start") unreachable))',
  section = "(module " .. memory .. "(func $f unreachable) (start $f) " .. start .. ")",
  data = "(module " .. memory .. '(data (i32.const 65535) "xx") ' .. start .. ")",
  elements = "(module (table 1 funcref) (func $f) (elem (i32.const 1) $f) " .. memory .. start .. ")",
  initialize = "(module " .. memory .. '(func (export "_initialize") unreachable) ' .. start .. ")",
  table = "(module (table 1 funcref) " .. memory .. '(func (export "start") (call_indirect (i32.const 0))))',
  early = '(module (import "warren:core/random@0.1.0" "bytes" (func $r (param i32 i32))) ' .. memory .. "(func $f (call $r (i32.const 65000) (i32.const 65000))) (start $f) " .. start .. ")",
}
-- These start, and do not end.
local endless = {
  section = "(module " .. memory .. "(func $f (loop (br 0))) (start $f) " .. start .. ")",
  initialize = "(module " .. memory .. '(func (export "_initialize") (loop (br 0))) ' .. start .. ")",
}

-- A reload would have to take new files elsewhere.
assert(require("lfs").mkdir("target"))
local events = process.events()
local function write(name, text)
  if not name:find("%.") then name = name .. ".wat" end
  local file = assert(io.open("target/" .. name, "w"))
  file:write(text)
  file:close()
  return process.spawn_monitored("app.target:" .. name:match("^[^.]+"), "app:attackers")
end
for name, text in pairs(odd) do
  local pid, err = write(name, text)
  if pid then err = events:receive().result.cause end
  assert(err and (errors.is(err, errors.INVALID) or errors.is(err, errors.RATE_LIMITED)), ("%s: %s %s"):format(name, err and err:kind(), err))
  assert(#err:message() < 5000, name)
  if name == "import_that_draws" then logger.warn(err:message()) end
end
for kind, texts in pairs({ [errors.RATE_LIMITED] = beyond, [errors.INTERNAL] = failing }) do
  for name, text in pairs(texts) do
    local pid, err = write("failing_" .. name, text)
    assert(pid, name .. ": " .. tostring(err))
    err = events:receive().result.cause
    assert(errors.is(err, kind), ("%s: %s"):format(name, err))
    assert((err:details() ~= nil) == (texts == beyond), name)
  end
end
for name, text in pairs(endless) do
  local pid = assert(write("endless_" .. name, text))
  process.terminate(pid)
  assert(errors.is(events:receive().result.cause, errors.CANCELED), name)
end
