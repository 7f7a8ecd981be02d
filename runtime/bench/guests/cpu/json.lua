-- A JSON reader and writer in Lua itself: single characters and small tables.
local function skip(text, at)
    return text:find("%S", at) or #text + 1
end

local read

local function read_string(text, at)
    local parts, from = {}, at + 1
    while true do
        local stop = text:find('["\\]', from)
        parts[#parts + 1] = text:sub(from, stop - 1)
        if text:byte(stop) == 34 then return table.concat(parts), stop + 1 end
        local escaped = text:sub(stop + 1, stop + 1)
        parts[#parts + 1] = escaped == "n" and "\n" or escaped
        from = stop + 2
    end
end

local function read_array(text, at)
    local list = {}
    at = skip(text, at + 1)
    if text:byte(at) == 93 then return list, at + 1 end
    while true do
        list[#list + 1], at = read(text, at)
        at = skip(text, at)
        if text:byte(at) == 93 then return list, at + 1 end
        at = skip(text, at + 1)
    end
end

local function read_object(text, at)
    local map = {}
    at = skip(text, at + 1)
    if text:byte(at) == 125 then return map, at + 1 end
    while true do
        local key
        key, at = read_string(text, at)
        at = skip(text, at)
        map[key], at = read(text, skip(text, at + 1))
        at = skip(text, at)
        if text:byte(at) == 125 then return map, at + 1 end
        at = skip(text, at + 1)
    end
end

local WORDS = { t = { true, 4 }, f = { false, 5 }, n = { nil, 4 } }

function read(text, at)
    local first = text:sub(at, at)
    if first == "{" then return read_object(text, at) end
    if first == "[" then return read_array(text, at) end
    if first == '"' then return read_string(text, at) end
    local word = WORDS[first]
    if word then return word[1], at + word[2] end
    local from, to = text:find("^-?%d+%.?%d*", at)
    return tonumber(text:sub(from, to)), to + 1
end

local function write(value, parts)
    local kind = type(value)
    if kind == "table" and (#value > 0 or next(value) == nil) then
        parts[#parts + 1] = "["
        for i, element in ipairs(value) do
            if i > 1 then parts[#parts + 1] = "," end
            write(element, parts)
        end
        parts[#parts + 1] = "]"
    elseif kind == "table" then
        local keys = {}
        for key in pairs(value) do keys[#keys + 1] = key end
        table.sort(keys)
        parts[#parts + 1] = "{"
        for i, key in ipairs(keys) do
            if i > 1 then parts[#parts + 1] = "," end
            parts[#parts + 1] = '"' .. key .. '":'
            write(value[key], parts)
        end
        parts[#parts + 1] = "}"
    elseif kind == "string" then
        parts[#parts + 1] = '"' .. value:gsub('[\n"\\]', { ["\n"] = "\\n", ['"'] = '\\"', ["\\"] = "\\\\" }) .. '"'
    else
        parts[#parts + 1] = tostring(value)
    end
end

return function(count)
    local record = '{"id":%d,"name":"item \\"%d\\"","price":%d.5,"tags":["a","b\\n"],"in stock":true}'
    local records = {}
    for i = 1, 40 do records[i] = record:format(i, i, i) end
    local text = "[ " .. table.concat(records, ", ") .. " ]"
    local result = 0
    for _ = 1, count do
        local parts = {}
        write(read(text, 1 + 0), parts)
        result = result + #table.concat(parts)
    end
    return result
end
