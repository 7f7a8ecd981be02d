-- tries: keep a worker inside one call of the interpreter's own code
-- end: terminated
return string.find(("a"):rep(100000), (".-"):rep(30) .. "b")
