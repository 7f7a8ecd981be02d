return function()
  process.send(process.pid(), "t", 1)
  return process.inbox():receive():payload():get_format()
end
