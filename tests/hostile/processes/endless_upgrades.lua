-- tries: never be the code that a terminate reaches, by upgrading without end
-- end: terminated
process.upgrade(nil)
