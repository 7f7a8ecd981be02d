return function()
  local attempt = queue.message():attempt()
  assert(process.send("main", "told", { pid = process.pid(), attempt = attempt }))
  if attempt == 1 then
    process.upgrade("app:after")
  end
end
