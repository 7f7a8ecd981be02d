-- Statements of the builder, in a database.
-- shows: SQ-12
local db, b = assert(sql.get("db")), sql.builder
assert(db:execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price INTEGER, note TEXT)"))
local insert = b.insert("items"):columns("id", "name", "price", "note")
local two = insert:values(1, "tea", 3, nil):values(2, "it's cake", 5, "sweet")
assert(two:run_with(db):exec().rows_affected == 2)
assert(b.insert("items"):set_map({ id = 3, name = "pie", price = 7 }):run_with(db):exec())
-- The first builder has no rows.
local none, err = insert:to_sql()
assert(none == nil and err:kind() == errors.INVALID)

local all = b.select("name"):from("items"):order_by("id")
local function names(query)
  local list = {}
  for _, row in ipairs(assert(query:run_with(db):query())) do
    list[#list + 1] = row.name
  end
  return table.concat(list, ",")
end
assert(names(all) == "tea,it's cake,pie")
assert(names(all:where { name = "it's cake" }) == "it's cake")
assert(names(all:where({ note = sql.NULL })) == "tea,pie")
assert(names(all:where(b.not_eq { note = sql.NULL })) == "it's cake")
assert(names(all:where({ id = { 1, 3 } })) == "tea,pie" and names(all:where { id = {} }) == "")
assert(names(all:where("price > ? OR id = ?", 6, 1):where("id < ?", 3)) == "tea")
assert(names(all:where(b.or_ { { id = 1 }, b.and_ { b.gte { price = 5 }, b.lt { price = 7 } } })) == "tea,it's cake")
assert(names(all:where(b.like { name = "%e" })) == "it's cake,pie")
assert(names(all:where("id IN (?)", b.select("max(id)"):from("items"))) == "pie")
assert(names(all:limit(1):offset(1)) == "it's cake")
local sums = b.select("note IS NULL AS is_plain", "sum(price) AS total"):from("items"):group_by("note IS NULL")
local rows = assert(sums:having("count(*) > ?", 1):run_with(db):query())
assert(#rows == 1 and tonumber(rows[1].total) == 10)
local joined = b.select("a.name"):from("items a"):join("items b ON b.id = a.id + ?", 1):where({ ["b.name"] = "pie" })
assert(names(joined) == "it's cake")

assert(b.update("items"):set("price", b.expr("price + ?", 1)):where({ id = 1 }):run_with(db):exec().rows_affected == 1)
assert(db:transaction(function(tx)
  assert(b.delete("items"):where(b.gt { price = 4 }):run_with(tx):exec().rows_affected == 2)
  return b.select("count(*) AS n"):from("items"):run_with(tx):query()[1].n
end) == 1)
assert(names(all) == "tea")
-- The placeholders of the database, or those that the builder has.
local placeholder = db:type() == sql.type.POSTGRES and "$1" or "?"
assert(b.select("1"):where({ a = 1 }):run_with(db):to_sql() == "SELECT 1 WHERE a = " .. placeholder)
assert(b.select("1"):where({ a = 1 }):placeholder_format(b.dollar):run_with(db):to_sql() == "SELECT 1 WHERE a = $1")
none, err = b.select("name"):from("nothing"):run_with(db):query()
assert(none == nil and err:kind() == errors.INVALID)

return function() end
