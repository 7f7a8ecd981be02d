-- A file that returns nil and an error has failed.
-- shows: A-3, A-8
-- status: 1
-- stderr: no configuration
return nil, "no configuration"
