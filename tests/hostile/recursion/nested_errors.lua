-- tries: have the runtime walk an error in the details of an error, 40 deep, once for each way through
-- end: failed Internal
-- says: level 40
local err = errors.new { message = "level 0", kind = errors.INTERNAL }
for i = 1, 40 do
  err = errors.new { message = "level " .. i, kind = errors.INTERNAL, details = { err, again = err.details and i } }
end
return nil, err
