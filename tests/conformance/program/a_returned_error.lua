-- So does a main that returns an error.
-- shows: A-8, E-3
-- status: 1
-- stderr: no luck

return function()
  return nil, errors.new { message = "no luck", kind = errors.UNAVAILABLE }
end
