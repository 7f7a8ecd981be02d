-- URLs of HTTP: their parts, and references from one page to another.

local url = {}

-- Returns the parts of a URL: `origin`, `path` with the query, and `text`, the whole without a
-- fragment. Returns nil for another text.
function url.parse(text)
  local scheme, host, rest = text:match("^(%a+)://([^/?#%s@]+)([^#%s]*)")
  scheme = scheme and scheme:lower()
  if scheme ~= "http" and scheme ~= "https" then
    return nil
  end
  local path = rest:sub(1, 1) == "/" and rest or "/" .. rest
  local origin = scheme .. "://" .. host:lower()
  return { origin = origin, path = path, text = origin .. path, scheme = scheme }
end

-- Takes `.` and `..` out of a path.
local function without_dots(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." then
      table.remove(parts)
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  local is_directory = path:find("/%.?%.?$") and #parts > 0
  return "/" .. table.concat(parts, "/") .. (is_directory and "/" or "")
end

-- Returns the parts of the URL that a reference on the page `base` leads to; nil if it leads to
-- no page, as `mailto:` does.
function url.resolve(base, reference)
  reference = reference:match("^%s*([^#]-)%s*$") or reference:match("^%s*([^#]-)#") or ""
  if reference == "" then
    return nil
  elseif reference:find("^%a[%w+.-]*:") then
    return url.parse(reference)
  elseif reference:sub(1, 2) == "//" then
    return url.parse(base.scheme .. ":" .. reference)
  end
  local path, query = reference:match("^([^?]*)(.*)$")
  local here = base.path:match("^[^?]*")
  if path == "" then
    path = here
  elseif path:sub(1, 1) ~= "/" then
    path = here:match("^.*/") .. path
  end
  return url.parse(base.origin .. without_dots(path) .. query)
end

return url
