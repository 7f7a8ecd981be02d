return function(other)
  assert(process.link(other))
  error("falls")
end
