-- The streams of the code before this one are gone, and their pipes are free.
return function()
  for number = 1, 99 do
    local stat, err = capability.call("stream.stat", number)
    assert(stat == nil and errors.is(err, errors.INVALID), tostring(err))
  end
  for _ = 1, 16 do
    assert(stream.pipe())
  end
end
