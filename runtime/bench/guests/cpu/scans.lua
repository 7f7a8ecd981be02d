-- Searches, copies and changes of case in long texts.
return function(count)
    local text = ("abcdefghij"):rep(2000) .. "needle 7"
    local result = 0
    for i = 1, count do
        local copy = text:rep(2)
        result = result + copy:find("needle", 1, true) + copy:find("ne+dle (%d)")
        result = result + #copy:upper() + #copy:reverse() + #("-"):rep(i % 50)
    end
    return result
end
