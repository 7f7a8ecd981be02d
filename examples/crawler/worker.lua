-- A worker of the pool: reads one page at a time, when its origin has a turn for it. A failure
-- that may pass is raised: the pool tries again, with another worker.

local pool, registry, server = require("pool"), require("registry"), require("server")
local html, url = require("lib.html"), require("lib.url")

local OPTIONS <const> = { timeout = "20s", headers = { ["User-Agent"] = "warren-crawler" } }

return pool.worker(function(text)
  local at = assert(url.parse(text))
  local origin = assert(registry.start_or_get("origins", at.origin))
  local turn, err = server.call(origin, { "turn", at.path }, "5m")
  if turn == nil then
    return nil, err
  elseif not turn then
    return { why = "robots.txt forbids it" }
  end
  local response
  response, err = http_client.get(text, OPTIONS)
  -- Without this the turn would end with the process.
  assert(server.cast(origin, process.pid()))
  if not response then
    if err:retryable() then
      error(err, 0)
    end
    return nil, err
  end
  local page = { status = response.status }
  if response.body and (response.headers["Content-Type"] or ""):find("^text/html") then
    page.title, page.links = html.read(response.body, url.parse(response.url))
  end
  return page
end)
