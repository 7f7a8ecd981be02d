-- tries: a fork bomb that starts a new copy for each that is ended
-- end: terminated
-- grows: 200 MiB
while true do process.spawn("app:attack", "app:attackers") end
