-- Policies narrow the grant of a store, by the key and the prefix.
-- shows: ST-9
local orders, news = assert(store.get("orders")), assert(store.get("app.public:news"))
assert(orders:set("open/7", 1) and orders:set("closed/1", 2) and orders:set("open/locked", 3))
assert(news:set("today", "sun"))
local told = assert(process.exec("app:clerk", "app:processes"))
for call, expected in pairs {
  read_open = "1", write_open = "true", list_open = "2", watch_open = "true",
  read_closed = "not allowed: store.read on app:orders",
  write_closed = "not allowed: store.write on app:orders",
  delete_closed = "not allowed: store.write on app:orders",
  write_locked = "not allowed: store.write on app:orders",
  list_all = "not allowed: store.read on app:orders",
  info = "not allowed: store.read on app:orders",
  read_news = "sun", info_news = "app.public:news",
  write_news = "not allowed: store.write on app.public:news",
  can = "true", can_other = "true", cannot = "false", cannot_short = "false",
} do
  assert(told[call]:find(expected, 1, true) == 1, call .. ": " .. told[call])
end
-- A denied call has changed nothing.
assert(orders:get("closed/1") == 2 and orders:get("open/locked") == 3 and orders:get("open/7") == 8)
assert(news:get("today") == "sun")
assert(told.action == "store.write" and told.resource == "app:orders")
-- Without actor and scope nothing is asked.
assert(security.can("store.write", "app:orders"))

return function() end
