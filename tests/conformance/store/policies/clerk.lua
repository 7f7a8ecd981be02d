local function said(value, err)
  return tostring(value == nil and err or value)
end

return function()
  local orders, news = assert(store.get("orders")), assert(store.get("app.public:news"))
  local _, denied = orders:set("closed/1", 9)
  local list = orders:list { prefix = "open/" }
  return {
    read_open = said(orders:get("open/7")),
    write_open = said(orders:set("open/7", 8)),
    list_open = said(#list.items),
    watch_open = said(orders:watch("open/") ~= nil),
    read_closed = said(orders:get("closed/1")),
    write_closed = said(nil, denied),
    delete_closed = said(orders:delete("closed/1") or nil, select(2, orders:delete("closed/1"))),
    write_locked = said(orders:set("open/locked", 9)),
    list_all = said(orders:list()),
    info = said(orders:info()),
    read_news = said(news:get("today")),
    info_news = said(news:info().id),
    write_news = said(news:set("today", "rain")),
    can = said(security.can("store.read", "app:orders", { key = "open/1" })),
    can_other = said(security.can("store.key.get", "orders", { key = "open/1" })),
    cannot = said(security.can("store.write", "app:orders", { key = "closed/1" })),
    cannot_short = said(security.can("store.write", "orders", { key = "open/locked" })),
    action = denied:details().action,
    resource = denied:details().resource,
  }
end
