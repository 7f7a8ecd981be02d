-- Answers each request with the result of a process.
return function()
  return "hello"
end
