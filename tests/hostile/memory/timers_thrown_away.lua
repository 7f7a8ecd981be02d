-- tries: have what nobody can hear any more kept all the same
-- end: returned
-- grows: 100 MiB
for i = 1, 40000 do
  local late = time.after("24h")
  channel.select { late:case_receive(), default = true }
  time.timer("24h"):reset("48h")
  local ch = channel.new()
  coroutine.wrap(function() channel.select { ch:case_receive(), default = true } end)()
end
