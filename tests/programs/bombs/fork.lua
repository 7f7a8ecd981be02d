-- Starts copies of itself until one is refused, as each copy does.
local main = ...
local pid, err
repeat
  pid, err = process.spawn("app:fork", nil, main)
until not pid
-- The queue of the main process has room for the first of these reports.
local _ = process.send(main, "refused", err:details().limit)
process.inbox():receive()
