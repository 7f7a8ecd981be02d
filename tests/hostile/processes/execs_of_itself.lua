-- tries: exec itself until nothing more may run, with every caller waiting
-- end: failed RateLimited
-- grows: 200 MiB
-- says: max_processes
local depth = ...
local value, err = process.exec("app:attack", "app:attackers", (depth or 0) + 1)
return value, err
