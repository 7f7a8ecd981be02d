-- Takes all memory that it gets, and never stops trying.
local main, kept, told = ..., {}, false
while true do
  local _, err = pcall(function()
    while true do kept[#kept + 1] = ("x"):rep(1 << 20) .. #kept end
  end)
  if not told then
    -- Without memory for the message, it is sent the next time.
    local could, sent = pcall(process.send, main, "refused", tostring(err))
    told = could and sent
  end
end
