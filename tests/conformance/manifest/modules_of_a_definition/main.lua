-- A definition has the libraries that the manifest names for it, and those that every
-- process has.
-- shows: M-9
assert(process.exec("app:few") == "time, task")
assert(process.exec("app:none") == "none")
assert(time and json and require("server"))
