-- server: a process that answers requests, Erlang's gen_server.
--
-- The messages, the same in every language:
--
--   call    topic "call", (address, request)  to the server
--           topic of the address, (true, reply) or (false, error)  back
--   cast    topic "cast", request
--
-- An address is a topic; or a topic and a number, { topic, number }, which the answer has
-- behind its other values. All calls of a process have one topic and many numbers: so no
-- call has to subscribe, and the answer to a call that is over is known by its number.

local native = ...
local told = native.told
local caller = require("warren.server.caller")
local replies = require("warren.server.replies")
local serving = require("warren.server.serving")
local starting = require("warren.server.starting")

return {
  call = caller.call,
  cast = caller.cast,
  stop = told(caller.stop, "server.stop", "stop"),
  start = told(starting.start, "server.start"),
  run = told(serving.run, "server.run"),
  entry = serving.entry,
  noreply = serving.noreply,
  finish = serving.finish,
  become = serving.become,
  reply_to = replies.reply_to,
  request = replies.request,
  reply = told(replies.reply, "server.reply"),
  refuse = told(replies.refuse, "server.refuse"),
}
