-- Computes until it is terminated.
return function()
    while true do end
end
