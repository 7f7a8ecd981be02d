-- A file that returns a function has it called with the arguments, which are
-- strings.
-- shows: A-1, A-7
-- arguments: one 2 --three

return function(...)
  local arguments = table.pack(...)
  assert(arguments.n == 3 and arguments[1] == "one" and arguments[2] == "2" and arguments[3] == "--three")
end
