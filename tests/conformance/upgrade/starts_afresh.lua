-- `upgrade(nil, ...)` starts the present definition again.
-- shows: U-2, U-9

local me, host = process.id():match("[^#]+"), "app:processes"
local starts = (starts or 0) + 1

return function(role, n)
  if role then
    assert(starts == 1)
    if n == 5 then
      return n
    end
    process.upgrade(nil, "child", n + 1)
  end
  assert(process.exec(me, host, "child", 0) == 5)
end
