return function(how, parent)
  local tx = assert(assert(sql.get("db")):begin())
  assert(tx:execute("DELETE FROM t"))
  if how == "error" then
    error("with an open transaction")
  elseif how == "terminate" then
    process.send(parent, "ready")
    process.inbox():receive()
  elseif how == "upgrade" then
    process.upgrade("app:after")
  end
end
