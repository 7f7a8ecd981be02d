-- `--args-json` gives arguments their types.
-- shows: A-7
-- options: --args-json [1,2.0,"x",null,{"a":[true]}]

local arguments = table.pack(...)
assert(arguments.n == 5 and arguments[1] == 1 and math.type(arguments[1]) == "integer")
assert(math.type(arguments[2]) == "float" and arguments[3] == "x" and arguments[5].a[1] == true)
