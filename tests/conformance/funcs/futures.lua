-- Futures: their channel, completion, result, error and cancel.
-- shows: FN-5, FN-6, H-13
local me = process.id():match("[^#]+")
local callee = {}

function callee.echo(value)
  return value
end

function callee.nothing() end

function callee.refuses()
  return nil, errors.new { message = "full", kind = "Own" }
end

function callee.waits(parent)
  process.send(parent, "pid", process.pid())
  process.inbox():receive()
end

return function(how, ...)
  if how then
    return callee[how](...)
  end
  local function closed(ch)
    local value, ok = ch:receive()
    assert(value == nil and ok == false)
  end

  local future = assert(funcs.async(me, "echo", { 7 }))
  local ch = future:response()
  assert(ch == future:channel() and ch == future:response())
  assert(not future:is_complete() and not future:is_canceled())
  assert(select("#", future:result()) == 2 and future:result() == nil and select(2, future:result()) == nil)
  local err, failed = future:error()
  assert(err == nil and failed == false)
  local got = channel.select { ch:case_receive(), time.after("1m"):case_receive() }
  assert(got.channel == ch and got.ok and got.value:data()[1] == 7)
  closed(ch)
  assert(future:is_complete() and not future:is_canceled())
  local value
  value, err = future:result()
  assert(value:data()[1] == 7 and err == nil)
  err, failed = future:error()
  assert(err == nil and failed == false)
  assert(future:cancel() == true and future:is_canceled() and future:result():data()[1] == 7)

  -- Polled, without its channel.
  future = funcs.async(me, "nothing")
  while not future:is_complete() do
    time.sleep("1ms")
  end
  assert(future:result():data() == nil and future:response():receive():get_format() == "lua/any")
  future = funcs.async(me, "echo", false)
  assert(future:response():receive():data() == false)

  future = funcs.async(me, "refuses")
  local answer, ok = future:response():receive()
  assert(ok == true and answer:kind() == "Own" and answer:message() == "full")
  value, err = future:result()
  assert(value == nil and err:kind() == "Own")
  err, failed = future:error()
  assert(err:kind() == "Own" and failed == true)

  -- A callee that is terminated by others, and one that is canceled.
  local pids = process.listen("pid")
  future = funcs.async(me, "waits", process.pid())
  process.terminate((pids:receive()))
  assert(future:response():receive():kind() == errors.CANCELED and not future:is_canceled())
  future = funcs.async(me, "waits", process.pid())
  local pid = pids:receive()
  process.monitor(pid)
  assert(future:cancel() == true and future:cancel() == true)
  assert(future:is_canceled() and future:is_complete())
  answer, ok = future:response():receive()
  assert(ok and answer:kind() == errors.CANCELED)
  closed(future:response())
  value, err = future:result()
  assert(value == nil and err:kind() == errors.CANCELED)
  assert(select(2, future:error()) == true)
  local event = process.events():receive()
  assert(event.kind == process.event.EXIT and event.from == pid)
  assert(not pcall(future.result, {}) and not process.send(process.pid(), "t", future))
end
