-- GET /api/products: all goods. A table is an answer in JSON.

return function()
  return assert(sql.get("app:shop")):query("SELECT id, name, price, stock FROM products ORDER BY name")
end
