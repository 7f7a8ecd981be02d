-- Migrations make the tables of a program, once and in order.
-- shows: SQ-10
local db = assert(sql.get("db"))
local rows = assert(db:query("SELECT name, price FROM items ORDER BY name"))
assert(#rows == 2 and rows[1].name == "cake" and rows[1].price == 0 and rows[2].name == "tea")
local made = assert(db:query("SELECT version, name FROM warren_migrations ORDER BY version"))
assert(#made == 2 and made[1].version == 1 and made[1].name == "001_items.sql")
assert(made[2].version == 20 and made[2].name == "020_prices.sql")

return function() end
