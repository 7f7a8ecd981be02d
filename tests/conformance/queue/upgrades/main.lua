-- An upgrade returns the message that the process works on; the process goes on.
-- shows: QU-14
assert(process.registry.register("main"))
local told = process.listen("told")
assert(queue.publish("tasks", "task"))
local first = told:receive()
assert(first.attempt == 1)
local after, second = told:receive(), told:receive()
if after.attempt then
  after, second = second, after
end
-- The code after the upgrade works on no message.
assert(after.pid == first.pid and after.why:find("works on no message", 1, true), after.why)
-- The message comes again, while that process still runs.
assert(second.attempt == 2 and second.pid ~= first.pid)
assert(process.send(first.pid, "go"))
repeat until queue.info("tasks").message_count == 0
os.exit(0)
