return function() return "down" end
