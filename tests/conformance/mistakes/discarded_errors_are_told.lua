-- The error of a statement that takes no results is told once, with its line.
-- shows: ME-3, ME-4, ME-5
-- stderr: warning: discarded_errors_are_told.lua:10: the error of process.send is discarded: name not registered: nobody;
-- stderr: warning: discarded_errors_are_told.lua:15: time.sleep(7) means 7 nanoseconds;
-- unsaid: discarded_errors_are_told.lua:11:
-- unsaid: discarded_errors_are_told.lua:12:
-- unsaid: discarded_errors_are_told.lua:16:

for _ = 1, 2 do
  process.send("nobody", "topic")
  process.send("nobody", "topic") -- lint: off
  local _ = process.send("nobody", "topic")
end

time.sleep(7)
time.sleep("7ns")
