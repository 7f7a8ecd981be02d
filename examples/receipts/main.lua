-- Has lines of a receipt read by a process in JavaScript, adds them up, and asks
-- one in Python about their prices.
local lines <const> = { "3 x coffee 2.40", "1 x cake 4.00", "some tip" }

local parser = assert(process.spawn_linked("app:parser", "app:processes"))
local items = process.listen("item")
local prices, total = {}, 0

for _, line in ipairs(lines) do
  assert(process.send(parser, "line", line))
  local item = items:receive()
  if type(item) == "table" then
    print(("%-8s %d x %5.2f"):format(item.item, item.count, item.price))
    prices[#prices + 1] = item.price
    total = total + item.count * item.price
  else
    print(("skipped: %s (%s)"):format(item, item:kind()))
  end
end
print(("%-8s %9.2f"):format("total", total))
local found = assert(process.exec("app:prices", "app:processes", prices))
print(("%-8s %9.2f"):format("median", found.median))
print(select(2, process.exec("app:prices", "app:processes", {})))
process.unlink(parser)
process.terminate(parser)
