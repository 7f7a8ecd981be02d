-- A file that returns nil and an empty text has failed, and the command says so.
-- shows: A-3, A-8
-- status: 1
-- stderr: error: an error without a message
-- stderr: in process {app:processes|0x00001}
return nil, ""
