-- Runs at each start: asks again for the receipts of orders that have none, as when the program
-- was killed between an order and its message.

return function()
  local db = assert(sql.get("app:shop"))
  local orders = assert(db:query(
    "SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM receipts) ORDER BY id LIMIT 1000"))
  for _, order in ipairs(orders) do
    assert(queue.publish("app:receipts", order.id))
  end
end
