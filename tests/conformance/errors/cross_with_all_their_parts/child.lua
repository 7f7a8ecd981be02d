return function(parent)
  local err =
    errors.new { message = "no: stock", kind = "Shop", retryable = true, details = { left = { 0 } } }
  err = errors.wrap(errors.wrap(err, "inner"), "outer")
  if parent then
    process.send(parent, "err", { err = err })
    return
  end
  return nil, err
end
