return function(value)
  local m = assert(queue.message())
  assert(process.send("main", "dead", { value = value, headers = m:headers(), attempt = m:attempt() }))
end
