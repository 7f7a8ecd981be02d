-- A manifest names the app, gives definitions a source, a method and a host,
-- and adds hosts. Files keep their definitions by place.
-- shows: M-1, M-2, M-4, A-2, A-5, S-15
assert(process.id() == "shop:begin#1")
assert(process.pid():find("^{app:processes|"), "the host app:processes always exists")
assert(process.exec("shop.orders:handler", "shop:workers", 1) == "order 1")
local value, err = process.exec("shop.orders:handler", "app:processes", 1)
assert(value == nil and errors.is(err, errors.INVALID), "bound to its host")
assert(process.exec("shop.src:orders", "app:processes", 2) == nil)
value, err = process.exec("app:main", "app:processes")
assert(value == nil and errors.is(err, errors.NOT_FOUND))
