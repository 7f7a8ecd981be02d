-- A file that returns neither function nor table has failed, and says the error behind the value.
-- shows: A-3, A-8
-- status: 1
-- stderr: the file returned a boolean; a function or a table of functions was expected: no configuration
return false, "no configuration"
