-- tries: lie to each import of the flat ABI and of preview 1 about addresses, lengths, numbers and handles
-- end: returned
-- grows: 150 MiB

-- Seeds of the numbers that each import is called with.
local SEEDS = 20

-- Each import: parameters and result, `i` for i32, `I` for i64.
local imports = {
  ["warren:core/held@0.1.0"] = "take ii i",
  ["warren:core/process@0.1.0"] = [[pid ii i; frame-id ii i; send iiiiii i; spawn iiiiiiiiiii i; exec iiiiiiii i;
    terminate ii i; monitor ii i; unmonitor ii i; link ii i; unlink ii i; cancel iiI i; get-options - i;
    set-options i -; upgrade iiii i]],
  ["warren:core/mailbox@0.1.0"] = "inbox - i; events - i; listen ii i; unlisten i -; receive iiIii i; receive-one iIii i",
  ["warren:core/registry@0.1.0"] = "register iiii i; lookup iiii i; unregister ii i",
  ["warren:core/context@0.1.0"] = "get iiii i; all ii i",
  ["warren:core/security@0.1.0"] = "actor ii i; scope ii i; can iiiiii i; policy ii i; named-scope iiii i",
  ["warren:core/capability@0.1.0"] = "call iiiiii i",
  ["warren:core/clock@0.1.0"] = "now - I; monotonic - I",
  ["warren:core/random@0.1.0"] = "bytes ii -",
  ["warren:core/stdio@0.1.0"] = "write iii -; flush i -; read ii i",
  ["warren:core/logger@0.1.0"] = "log iiiiiii -",
  ["warren:core/program@0.1.0"] = [[definition ii i; method ii i; arguments ii i; code ii i; module iiii i;
    prepared ii -; finish ii -; fail ii -; exit i -]],
  wasi_snapshot_preview1 = [[args_get ii i; args_sizes_get ii i; environ_get ii i; environ_sizes_get ii i;
    clock_res_get ii i; clock_time_get iIi i; fd_advise iIIi i; fd_allocate iII i; fd_close i i; fd_datasync i i;
    fd_fdstat_get ii i; fd_fdstat_set_flags ii i; fd_fdstat_set_rights iII i; fd_filestat_get ii i;
    fd_filestat_set_size iI i; fd_filestat_set_times iIIi i; fd_pread iiiIi i; fd_prestat_get ii i;
    fd_prestat_dir_name iii i; fd_pwrite iiiIi i; fd_read iiii i; fd_readdir iiiIi i; fd_renumber ii i;
    fd_seek iIii i; fd_sync i i; fd_tell ii i; fd_write iiii i; path_create_directory iii i;
    path_filestat_get iiiii i; path_filestat_set_times iiiiIIi i; path_link iiiiiii i; path_open iiiiiIIii i;
    path_readlink iiiiii i; path_remove_directory iii i; path_rename iiiiii i; path_symlink iiiii i;
    path_unlink_file iii i; poll_oneoff iiii i; proc_exit i -; proc_raise i i; sched_yield - i; random_get ii i;
    sock_accept iii i; sock_recv iiiiii i; sock_send iiiii i; sock_shutdown ii i]],
}

-- Each process calls its import, another one, and its import again, so that the last finds
-- what the others left behind: a descriptor, a handle, something held.
local declared, cases, targets = {}, {}, {}
local function types(letters, what)
  local out = {}
  for letter in letters:gmatch("[iI]") do out[#out + 1] = letter == "i" and "i32" or "i64" end
  return #out > 0 and ("(%s %s)"):format(what, table.concat(out, " ")) or ""
end
for module, functions in pairs(imports) do
  for name, takes, gives in functions:gmatch("([%w_-]+) (%S+) ([^%s;]+)") do
    local n = #cases
    declared[#declared + 1] = ('(import "%s" "%s" (func $f%d %s %s))'):format(module, name, n, types(takes, "param"), types(gives, "result"))
    local call = {}
    for letter in takes:gmatch("[iI]") do call[#call + 1] = letter == "i" and "(call $odd)" or "(call $odd64)" end
    call = ("(call $f%d %s)"):format(n, table.concat(call, " "))
    cases[#cases + 1] = ("(func $c%d %s)"):format(n, gives == "-" and call or "(drop " .. call .. ")")
    targets[#targets + 1] = n
  end
end
local order = {}
for n = #targets, 1, -1 do order[#order + 1] = ("(block $b%d"):format(n) end
local bodies = {}
for n = 1, #targets do bodies[#bodies + 1] = (") (call $c%d) (return)"):format(n - 1) end
local labels = {}
for n = 1, #targets do labels[n] = "$b" .. n end
local text = ([[(module %s
  (import "warren:core/program@0.1.0" "arguments" (func $arguments (param i32 i32) (result i32)))
  (memory (export "memory") 1 20)
  (data (i32.const 128) "\00\00\00\00\01\00\00\00\ff\ff\ff\ff\fe\ff\ff\ff\ff\ff\00\00\00\00\01\00\ff\ff\ff\7f\00\00\00\80")
  (data (i32.const 160) "\04\00\00\00\03\00\00\00\80\00\00\00\e8\03\00\00\00\01\00\00\00\10\00\00\08\00\00\00\f8\ff\00\00")
  (data (i32.const 256) "app:attack\ff\fe\00@\93\01\dd\ff\ff\ff\ff\91\91\c9\ff\ff\ff\ff\01../../etc/passwd\00\1b[2J")
  (global $seed (mut i32) (i32.const 0))
  (func $next (result i32)
    (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1103515245)) (i32.const 12345)))
    (i32.shr_u (global.get $seed) (i32.const 16)))
  (func $odd (result i32)
    (i32.load (i32.add (i32.const 128) (i32.shl (i32.and (call $next) (i32.const 15)) (i32.const 2)))))
  (func $odd64 (result i64)
    (i64.or (i64.extend_i32_s (call $odd)) (i64.shl (i64.extend_i32_u (call $odd)) (i64.const 32))))
  %s
  (func $call (param $which i32)
    %s (block $none (br_table %s $none (local.get $which))) (return) %s)
  (func (export "start")
    (drop (call $arguments (i32.const 0) (i32.const 64)))
    (global.set $seed (i32.load8_u (i32.const 2)))
    (call $call (i32.load8_u (i32.const 1)))
    (call $call (i32.rem_u (call $next) (i32.const %d)))
    (call $call (i32.load8_u (i32.const 1)))))]]):format(
  table.concat(declared, "\n"), table.concat(cases, "\n"), table.concat(order, " "), table.concat(labels, " "),
  table.concat(bodies, " "), #targets)
-- A reload would have to take new files elsewhere.
assert(require("lfs").mkdir("target"))
local file = assert(io.open("target/odd.wat", "w"))
file:write(text)
file:close()

local events = process.events()
for n = 0, #targets - 1 do
  local running, left = {}, 0
  for seed = 1, SEEDS do
    local pid = assert(process.spawn_monitored("app.target:odd", "app:attackers", n, seed))
    running[pid], left = true, left + 1
  end
  local patience = time.after("20ms"):case_receive()
  while left > 0 do
    local got = channel.select { events:case_receive(), patience }
    if got.channel == events then
      running[got.value.from], left = nil, left - 1
    else
      for pid in pairs(running) do process.terminate(pid) end
      patience = nil
    end
  end
end
print()
