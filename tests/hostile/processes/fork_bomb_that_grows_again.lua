-- tries: a fork bomb that starts a new copy for each that is ended
-- end: terminated
-- grows: 400 MiB
while true do process.spawn("app:attack", "app:attackers") end
