local when = ...
if when == "later" then
  process.inbox():receive()
end
error("on purpose")
