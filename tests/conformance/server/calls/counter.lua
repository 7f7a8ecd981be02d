local server = require("server")
local counter = {}

function counter.init(options)
  if options.refuse then
    return nil, errors.new { kind = "Shut", message = "not today", details = { day = 1 } }
  elseif options.raise then
    error("raised in init")
  end
  return { n = options.n or 0, waiting = {} }
end

function counter.call(state, request, message)
  if request == "get" then
    return state.n
  elseif request == "nothing" then
    return nil
  elseif request == "no" then
    return false
  elseif request == "fail" then
    return nil, errors.new { kind = errors.CONFLICT, message = "not now", details = { n = state.n } }
  elseif request == "wait" then
    table.insert(state.waiting, server.reply_to(message))
    return server.noreply
  elseif request == "release" then
    for _, to in ipairs(state.waiting) do
      assert(server.reply(to, state.n))
    end
    return #state.waiting
  elseif request == "delegate" then
    -- Another process answers.
    assert(process.spawn("app:replier", nil, server.reply_to(message)))
    return server.noreply
  elseif request == "cannot cross" then
    return print
  elseif request == "log" then
    return state.log
  end
end

function counter.cast(state, request)
  state.n = state.n + request
end

function counter.info(state, message)
  state.log = (state.log or "") .. message:topic() .. message:payload()
end

function counter.add(pid, n)
  return server.cast(pid, n)
end

return server.entry(counter)
