-- tries: have one call of a library function copy 2^62 elements, more than anybody waits for
-- end: terminated
for i = 1, 20 do coroutine.spawn(function() table.sort(setmetatable({}, { __len = function() return 2 ^ 31 - 2 end })) end) end
table.move({}, 1, math.maxinteger // 2, 2)
