-- An import of the manifest is what `require` gives in one definition, and in no other.
-- shows: M-8
assert(process.exec("app:imports") == "shared of lib, of helper: shared of lib, util of lib, twice")
local value, err = process.exec("app:other")
assert(value == nil and tostring(err):find("module 'shared' not found", 1, true), tostring(err))
assert(not pcall(require, "shared"))
