return function()
  return { node = process.node(), tenant = ctx.get("tenant"), frame = process.id() }
end
