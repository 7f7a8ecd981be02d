-- The new definition brings code and nothing else: a process does not gain what
-- that definition is granted, and keeps what its own was.
-- shows: U-15, M-5

assert(process.exec("app:granted", "app:processes") == "content")
assert(process.exec("app:plain", "app:processes") == "nothing")
assert(process.exec("app:plain", "app:processes", "app:granted") == "nothing", "a grant was gained")
assert(process.exec("app:granted", "app:processes", "app:plain") == "content", "a grant was lost")
