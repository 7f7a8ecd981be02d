return function(how)
  if how == "fail" then
    error("as planned")
  elseif how == "wait" then
    process.listen("never"):receive()
  elseif how == "upgrade" then
    process.upgrade(nil, "upgraded")
  end
  return ctx.get("reason")
end
