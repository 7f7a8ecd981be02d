-- The session of a customer, a process with the cart. The first request of a session starts
-- it. It ends once nobody has used it for a while, and the cart with it.

local registry, server = require("registry"), require("server")

local IDLE <const> = "30m"
local MAX_PRODUCTS <const> = 100

local session = {}

-- ---- For the processes of requests.

-- Returns the session of the actor for whom this process acts.
function session.mine()
  local actor = assert(security.actor())
  local mine, err = registry.start_or_get("sessions", actor:meta().session, actor:id())
  if errors.is(err, errors.NOT_FOUND) then
    -- The program has just started, or the service starts again. The client hears 503.
    err = errors.new { kind = errors.UNAVAILABLE, message = "sessions are starting", retryable = true }
  end
  return mine, err
end

-- Returns the cart: numbers of things by product.
function session.cart(pid)
  return server.call(pid, { "cart" })
end

-- Puts that many things of a product into the cart, in place of those that are in it.
function session.put(pid, product, count)
  return server.call(pid, { "put", product, count })
end

-- Orders the cart, and returns the number of the order.
function session.order(pid)
  return server.call(pid, { "order" }, "20s")
end

-- Ends the session of the actor for whom this process acts.
function session.close()
  return registry.stop("sessions", assert(security.actor()):meta().session)
end

-- ---- The process itself.

function session.init(_, customer)
  local timer = assert(time.timer(IDLE))
  coroutine.spawn(function()
    timer:channel():receive()
    assert(process.cancel(process.pid()))
  end)
  return { customer = customer, cart = {}, products = 0, timer = timer }
end

local answers = {}

function answers.cart(state)
  return state.cart
end

function answers.put(state, product, count)
  local has, wants = state.cart[product] ~= nil, count > 0
  local products = state.products + (wants and 1 or 0) - (has and 1 or 0)
  if products > MAX_PRODUCTS then
    return nil, errors.new { kind = errors.INVALID, message = "the cart is full" }
  end
  state.products, state.cart[product] = products, wants and count or nil
  return true
end

-- One request at a time: nobody orders a cart twice. A crash on the way is an error here, and
-- the cart is still there.
function answers.order(state)
  local order, err = funcs.call("app:place", state.customer, state.cart)
  if not order then
    return nil, err
  end
  state.cart, state.products = {}, 0
  return order
end

function session.call(state, request)
  state.timer:reset(IDLE)
  return answers[request[1]](state, table.unpack(request, 2))
end

return server.entry(session)
