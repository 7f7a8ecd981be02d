-- Errors of topics, names and channels are told as those of messages are. What is taken is not,
-- nor is an end that is no error.
-- options: --log off
-- shows: ME-3
-- stderr: discarded_errors_of_queues_are_told.lua:19: the error of process.registry.unregister is discarded:
-- stderr: discarded_errors_of_queues_are_told.lua:20: the error of process.listen is discarded:
-- stderr: discarded_errors_of_queues_are_told.lua:21: the error of process.unlisten is discarded:
-- stderr: discarded_errors_of_queues_are_told.lua:22: the error of channel:receive is discarded:
-- stderr: discarded_errors_of_queues_are_told.lua:23: the error of channel:receive is discarded:
-- stderr: discarded_errors_of_queues_are_told.lua:24: the error of channel.select is discarded:
-- stderr: discarded_errors_of_queues_are_told.lua:25: the error of channel.select is discarded:
-- unsaid: discarded_errors_of_queues_are_told.lua:27:
-- unsaid: discarded_errors_of_queues_are_told.lua:28:
-- unsaid: discarded_errors_of_queues_are_told.lua:29:
-- unsaid: discarded_errors_of_queues_are_told.lua:30:
-- unsaid: discarded_errors_of_queues_are_told.lua:31:
local inbox, ended = process.inbox(), channel.new()
ended:close()
process.registry.unregister("@x")
process.listen("@x")
process.unlisten(inbox)
inbox:receive("zz")
inbox:receive { timeot = "1s" }
channel.select()
channel.select {}

local _ = process.registry.unregister("@x")
process.registry.unregister("free")
process.unlisten(process.listen("topic"))
inbox:receive("1ms")
ended:receive()
