return function() return "handler" end
