-- stream: pipes between coroutines, and to operations that read a stream.

local native, stream = ...
local call, public = native.call, native.public
local new_stream = native.late("streams")

stream.pipe = public(function()
  local ends, err = call("stream.pipe")
  if not ends then
    return nil, err
  end
  return new_stream(ends[1]), new_stream(ends[2])
end)
