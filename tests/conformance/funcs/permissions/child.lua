return function()
  return (ctx.get("k"))
end
