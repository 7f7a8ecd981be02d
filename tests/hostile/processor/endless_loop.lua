-- tries: to keep a worker from all others
-- end: terminated
while true do end
