-- The title and the links of a page.

local url = require("lib.url")

local html = {}

local NAMES <const> = { amp = "&", lt = "<", gt = ">", quot = '"' }

local function decoded(text)
  return (text:gsub("&(%a+);", NAMES))
end

-- Returns the title, and the URLs that the page at `base` leads to, each once.
function html.read(body, base)
  local title = body:match("<title>%s*(.-)%s*</title>")
  local links, seen = {}, {}
  for tag in body:gmatch("<[aA]%s+([^>]+)>") do
    local reference = tag:match("[hH][rR][eE][fF]%s*=%s*[\"']([^\"']*)[\"']")
    local to = reference and url.resolve(base, decoded(reference))
    if to and not seen[to.text] then
      seen[to.text] = true
      links[#links + 1] = to.text
    end
  end
  return title and decoded(title), links
end

return html
