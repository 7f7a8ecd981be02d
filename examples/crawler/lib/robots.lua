-- robots.txt, as far as it says what all may read: the lines `Disallow` behind `User-agent: *`.

local robots = {}

local function parse(text)
  local rules, is_for_all = {}, false
  for line in text:gmatch("[^\r\n]+") do
    local field, value = line:match("^%s*([%w-]+)%s*:%s*([^#%s]*)")
    field = field and field:lower()
    if field == "user-agent" then
      is_for_all = value == "*"
    elseif field == "disallow" and is_for_all and value ~= "" and #rules < 1000 then
      rules[#rules + 1] = value
    end
  end
  return rules
end

-- Reads the rules of an origin. An origin without them has none. Returns nil and an error if
-- the origin is not granted.
function robots.read(origin)
  local options = { timeout = "20s", max_response_body = 1 << 19 }
  local response, err = http_client.get(origin .. "/robots.txt", options)
  if response then
    return parse(response.status == 200 and response.body or "")
  elseif errors.is(err, errors.PERMISSION_DENIED) then
    return nil, err
  end
  return {}
end

-- Returns true if the rules allow a path.
function robots.allow(rules, path)
  for _, start in ipairs(rules) do
    if path:sub(1, #start) == start then
      return false
    end
  end
  return true
end

return robots
