-- The worker behind the queue: prints the receipt of an order, once however often it is asked.

local WIDTH <const> = 40

local function money(cents)
  return ("%d.%02d"):format(cents // 100, cents % 100)
end

-- A line with a text to the left and one to the right.
local function line(left, right)
  return left .. (" "):rep(WIDTH - #left - #right) .. right
end

local function receipt(id, order, lines)
  local total = 0
  local text = {
    line("Receipt " .. id, order.placed:sub(1, 10)), "for " .. order.customer, ("-"):rep(WIDTH),
  }
  for _, one in ipairs(lines) do
    total = total + one.count * one.price
    text[#text + 1] = line(("%d x %s"):format(one.count, one.name:sub(1, 24)), money(one.count * one.price))
  end
  text[#text + 1] = ("-"):rep(WIDTH)
  text[#text + 1] = line("Total", money(total))
  return table.concat(text, "\n") .. "\n"
end

return function(id)
  local db = assert(sql.get("app:shop"))
  local order = assert(db:query("SELECT customer, placed FROM orders WHERE id = ?", { id }))[1]
  assert(order, "there is no such order")
  local lines = assert(db:query(
    "SELECT name, count, lines.price AS price FROM lines JOIN products ON products.id = product "
      .. "WHERE order_id = ? ORDER BY name", { id }))
  assert(db:execute("INSERT INTO receipts (order_id, text) VALUES (?, ?) ON CONFLICT DO NOTHING",
    { id, receipt(id, order, lines) }))
  -- Those who wait for it: `api/receipt.lua`.
  assert(process.groups.broadcast("receipts/" .. id, "printed"))
end
