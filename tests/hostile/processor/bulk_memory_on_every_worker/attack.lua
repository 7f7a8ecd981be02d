-- tries: keep all workers inside single instructions that fill and copy 60 MiB
-- end: terminated
-- grows: 512 MiB
-- late: 60
for _ = 1, 4 do
  assert(process.spawn("app:fills", "app:attackers"))
end
process.inbox():receive()
