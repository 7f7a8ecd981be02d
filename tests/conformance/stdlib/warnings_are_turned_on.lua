-- The control messages of `warn`.
-- shows: I-12
-- stderr: heard twice
-- stderr: again
-- unsaid: unheard
-- unsaid: @
warn("unheard at first")
warn("@on")
warn("heard ", "twice")
warn("@nothing of the kind")
warn("@off")
warn("unheard later")
warn("@on")
warn("again")
assert(not pcall(warn) and not pcall(warn, {}))
