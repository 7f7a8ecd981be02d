-- What a manifest grants a definition, that definition alone has.
-- shows: M-5
assert(not io.open("data/x.txt"))
assert(process.exec("app:reader", "app:processes") == "content")
assert(process.exec("app:other", "app:processes") == nil)
