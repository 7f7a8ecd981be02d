-- A worker of the pool, which packs orders. Errors that it returns are answers: the order
-- is wrong, and no other attempt will help. A crash is tried again.

local pool = require("pool")

local replies = process.listen("attempt")

-- Returns how often this order has been tried, this time included.
local function attempt(number)
  assert(process.send("tally", "try", number))
  return (replies:receive())
end

return pool.worker(function(order)
  local tries = attempt(order.number)
  if order.number % 40 == 10 then
    error("the box bursts, every time", 0)
  elseif order.number % 7 == 0 and tries == 1 then
    error("the box slips from the hands, the first time", 0)
  elseif #order.goods == 0 then
    return nil, errors.new { kind = errors.INVALID, message = "an order without goods" }
  end
  return ("a box with %s"):format(table.concat(order.goods, " and "))
end)
