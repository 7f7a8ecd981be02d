-- Empty topics and those that begin with @ are the system's.
-- shows: D-12

for _, topic in ipairs { "", "@inbox", "@events", "@" } do
  local sent, err = process.send(process.pid(), topic, 1)
  assert(sent == nil and errors.is(err, errors.INVALID), topic)
  local listening
  listening, err = process.listen(topic)
  assert(listening == nil and errors.is(err, errors.INVALID), topic)
  local spawner
  spawner, err = process.with_context({}):with_message(topic)
  assert(spawner == nil and errors.is(err, errors.INVALID), topic)
end
process.send(process.pid(), "a@b", 1)
assert(process.inbox():receive():topic() == "a@b")
