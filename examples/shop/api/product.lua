-- PUT /api/products/{id} {price, stock}: changes a product. Only the staff gets here.

local body = require("lib.body")

return function()
  local id = math.tointeger(assert(http.request()):param("id"))
  local asked, err = body()
  if not asked then
    return nil, err
  end
  local price, stock = math.tointeger(asked.price), math.tointeger(asked.stock)
  if not id or not price or price < 1 or not stock or stock < 0 then
    return { status = 400, body = { error = "a price and a stock" } }
  end
  local db = assert(sql.get("app:shop"))
  local update = "UPDATE products SET price = ?, stock = ? WHERE id = ?"
  local changed = assert(db:execute(update, { price, stock, id }))
  return { status = changed.rows_affected == 1 and 204 or 404 }
end
