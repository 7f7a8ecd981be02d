-- The work of programs with text: patterns, formats, pieces and cases.
return function(count)
    local result = 0
    for i = 1, count do
        local line = string.format("%05d GET /items/%d?page=%d HTTP/1.1", i, i * 7 % 1000, i % 13)
        local number, path, query = line:match("^(%d+) GET (/[%w/]+)%?(%S+)")
        local words = 0
        for word in line:gmatch("%a+") do words = words + #word end
        local upper = path:upper():gsub("I", "i"):rep(2, "|")
        result = result + tonumber(number) + #upper + words + query:byte(-1) + line:find("HTTP", 1, true)
        result = result + #(path:sub(2, 4) .. query:reverse())
    end
    return result
end
