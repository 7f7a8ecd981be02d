return function(parent)
  local v, open = assert(fs.get("files")), {}
  local file, err
  repeat
    file, err = v:open("here.txt")
    open[#open + 1] = file
  until not file
  assert(errors.is(err, errors.RATE_LIMITED) and #open <= 64, err)
  process.send(parent, "full", #open)
  process.inbox():receive()
end
