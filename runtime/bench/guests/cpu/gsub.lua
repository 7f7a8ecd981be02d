-- Replacements by a function, for each word of a text.
return function(count)
    local text = ("the quick brown fox jumps over the lazy dog "):rep(20)
    local result = 0
    for _ = 1, count do
        local changed, words = text:gsub("%a+", function(word)
            if #word > 4 then return word:upper() .. "!" end
        end)
        result = result + #changed + words
    end
    return result
end
