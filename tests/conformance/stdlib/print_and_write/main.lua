-- `print` separates with tabs and uses `tostring`; `io.write` writes as it is.
-- shows: I-2
print("a", 1, 1.0, nil, true, setmetatable({}, { __tostring = function() return "text" end }))
print()
io.write("b", 2, 3.5, "\n")
io.stdout:write("c", "\n")
assert(io.write("") == io.stdout)
print("bytes \xff\0 end")
io.write("no newline")
