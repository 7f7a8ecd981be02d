-- Ends as it is told to.
return function()
  if process.listen("end"):receive() == "fail" then
    return nil, errors.new { kind = errors.CONFLICT, message = "no luck" }
  end
end
