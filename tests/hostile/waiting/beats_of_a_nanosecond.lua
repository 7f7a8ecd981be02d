-- tries: have the runtime's timers do nothing else: 1,000 tickers of a nanosecond
-- end: terminated
local beats = {}
for i = 1, 1000 do beats[i] = time.ticker("1ns"):channel():case_receive() end
while true do channel.select(beats) end
