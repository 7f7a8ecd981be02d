-- The report of an error of syntax shows the line, however long the name of the file is.
-- shows: A-8, S-8
-- status: 1
-- stderr: return = "the line"
return = "the line"
