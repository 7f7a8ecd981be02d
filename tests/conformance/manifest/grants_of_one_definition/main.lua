-- A grant of the manifest to a definition holds for that definition alone.
-- shows: M-5
assert(not io.open("data/x.txt"))
assert(process.exec("app:reader", "app:processes") == "content")
assert(process.exec("app:other", "app:processes") == nil)
