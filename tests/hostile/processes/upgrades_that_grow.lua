-- tries: carry ever more from upgrade to upgrade
-- end: failed Invalid
-- says: max_message
local text = ... or "x"
local _, err = process.upgrade(nil, text .. text)
return nil, err
