return { main = function() return "by main" end }
