-- Places an order: takes its goods from the stock, all or none, and has a receipt printed.
-- Returns the number of the order.

local function sold_out(tx, product)
  local found = assert(tx:query("SELECT name, stock FROM products WHERE id = ?", { product }))[1]
  local text = found and ("%s: %d left"):format(found.name, found.stock) or "a product is gone"
  return nil, errors.new { kind = errors.CONFLICT, message = text }
end

local TAKE <const> = "UPDATE products SET stock = stock - ? WHERE id = ? AND stock >= ?"
local ORDER <const> = "INSERT INTO orders (customer, placed) VALUES (?, ?)"
local LINE <const> = "INSERT INTO lines (order_id, product, count, price) "
  .. "SELECT ?, id, ?, price FROM products WHERE id = ?"

return function(customer, cart)
  if not next(cart) then
    return nil, errors.new { kind = errors.INVALID, message = "the cart is empty" }
  end
  local db = assert(sql.get("app:shop"))
  local order, err = db:transaction(function(tx)
    local placed = time.now():utc():format_rfc3339()
    local order = assert(tx:execute(ORDER, { customer, placed })).last_insert_id
    for product, count in pairs(cart) do
      if assert(tx:execute(TAKE, { count, product, count })).rows_affected == 0 then
        return sold_out(tx, product)
      end
      assert(tx:execute(LINE, { order, count, product }))
    end
    return order
  end)
  if not order then
    return nil, err
  end
  -- The order stands, whatever happens to its receipt: `catch_up.lua` looks for those that are
  -- missing.
  local published, why = queue.publish("app:receipts", order)
  if not published then
    logger:error("the receipt has to wait", { order = order, error = why })
  end
  return order
end
