-- POST /api/orders: orders the cart.

local session = require("session")

return function()
  local order, err = session.order(assert(session.mine()))
  if order then
    local place = ("/api/orders/%d/receipt"):format(order)
    return { status = 201, headers = { Location = place }, body = { id = order } }
  elseif errors.is(err, errors.CONFLICT) then
    return { status = 409, body = { error = err:message() } }
  end
  return nil, err
end
