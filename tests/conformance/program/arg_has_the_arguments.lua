-- The table arg of a file that mentions it has the file's name and the arguments of the
-- process, as `...` has.
-- arguments: one two
-- shows: A-18
assert(arg[0] == "arg_has_the_arguments.lua" and #arg == 2)
assert(arg[1] == "one" and arg[2] == "two" and arg[3] == nil and arg[-1] == nil)
assert(select("#", ...) == 2 and ... == "one")
arg = nil
assert(rawget(_G, "arg") == nil)
