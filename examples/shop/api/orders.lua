-- GET /api/orders: the last orders, as far as the actor may see them.

return function()
  local db = assert(sql.get("app:shop"))
  local last = assert(db:query("SELECT id, customer, placed FROM orders ORDER BY id DESC LIMIT 100"))
  local orders = {}
  for _, order in ipairs(last) do
    if security.can("order.read", "order/" .. order.id, { customer = order.customer }) then
      orders[#orders + 1] = order
    end
  end
  return orders
end
