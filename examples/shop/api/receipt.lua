-- GET /api/orders/{id}/receipt: the receipt, as soon as it is printed. 202: not yet; ask again.

local PATIENCE <const> = "10s"

return function()
  local id = math.tointeger(assert(http.request()):param("id"))
  if not id then
    return { status = 404 }
  end
  local db = assert(sql.get("app:shop"))
  local function find()
    local query = "SELECT customer, text FROM orders LEFT JOIN receipts ON order_id = id WHERE id = ?"
    return assert(db:query(query, { id }))[1]
  end
  -- A member before the first look: no news is lost in between.
  local printed = process.listen("printed")
  assert(process.groups.join("receipts/" .. id))
  local found = find()
  -- An order of somebody else is like one that is not there.
  if not found or not security.can("order.read", "order/" .. id, { customer = found.customer }) then
    return { status = 404 }
  end
  if not found.text then
    printed:receive(PATIENCE)
    found = find()
  end
  return found.text or { status = 202 }
end
