-- GET /api/cart, and POST /api/cart {product, count}: the cart of the session.

local body, session = require("lib.body"), require("session")

-- Returns the cart with the names and prices of its products.
local function shown(cart)
  local products = {}
  for product in pairs(cart) do
    products[#products + 1] = product
  end
  if #products == 0 then
    return { lines = {}, total = 0 }
  end
  local select = sql.builder.select("id", "name", "price"):from("products"):where({ id = products })
  local lines = assert(select:order_by("name"):run_with(assert(sql.get("app:shop"))):query())
  local total = 0
  for _, line in ipairs(lines) do
    line.count = cart[line.id]
    total = total + line.count * line.price
  end
  return { lines = lines, total = total }
end

return function()
  local mine = assert(session.mine())
  if assert(http.request()):method() == "POST" then
    local asked, err = body()
    if not asked then
      return nil, err
    end
    local product, count = math.tointeger(asked.product), math.tointeger(asked.count)
    if not product or not count or count < 0 or count > 99 then
      return { status = 400, body = { error = "a product and a count from 0 to 99" } }
    end
    local put
    put, err = session.put(mine, product, count)
    if not put then
      return nil, err
    end
  end
  return shown(assert(session.cart(mine)))
end
