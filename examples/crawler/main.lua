-- Crawls a site: reads a page, follows its links, and reports what it has found.
--
--     warren run --http https://example.com examples/crawler https://example.com/ 100

local pool, registry, supervisor = require("pool"), require("registry"), require("supervisor")

-- Pages that are on their way at once, of all origins.
local AT_ONCE <const> = 16

-- Returns what is known of each URL: { url, from, and status, title or why }.
local function crawl(start, most)
  local found, waiting, results = { { url = start } }, { 1 }, channel.new(AT_ONCE)
  local seen, open = { [start] = true }, 0
  repeat
    while waiting[1] and open < AT_ONCE do
      local page = assert(found[table.remove(waiting, 1)])
      open = open + 1
      coroutine.spawn(function()
        local read, err = pool.run("fetchers", page.url)
        results:send { page = page, read = read, err = err }
      end)
    end
    local got = results:receive()
    local page, read = got.page, got.read or { why = got.err }
    open = open - 1
    page.status, page.title, page.why = read.status, read.title, read.why
    for _, url in ipairs(read.links or {}) do
      if not seen[url] and #found < most then
        seen[url] = true
        found[#found + 1] = { url = url, from = page.url }
        waiting[#waiting + 1] = #found
      end
    end
  until open == 0 and not waiting[1]
  return found
end

local function report(found)
  table.sort(found, function(one, other)
    return one.url < other.url
  end)
  local counts = { page = 0, missing = 0, skipped = 0, failed = 0 }
  for _, page in ipairs(found) do
    local kind, word, rest = "page", page.status, page.title or ""
    if errors.is(page.why, errors.PERMISSION_DENIED) then
      kind, word, rest = "skipped", "skip", "not granted"
    elseif page.why then
      local is_rule = type(page.why) == "string"
      kind, word, rest = is_rule and "skipped" or "failed", is_rule and "skip" or "fail", tostring(page.why)
    elseif page.status >= 400 then
      kind, rest = "missing", "linked from " .. (page.from or "the command line")
    end
    counts[kind] = (counts[kind] or 0) + 1
    print(("%-4s %s %s"):format(word, page.url, rest))
  end
  print(("%d pages, %d missing, %d skipped, %d failed"):format(
    counts.page, counts.missing, counts.skipped, counts.failed))
end

return function(start, most)
  most = math.tointeger(most or 100)
  local first = require("lib.url").parse(start or "")
  if not first or not most or most < 1 then
    return nil, "usage: warren run --http ORIGIN examples/crawler URL [NUMBER-OF-PAGES]"
  end
  local tree = assert(supervisor.start {
    children = {
      registry.child({ server = "app:origin" }, { name = "origins" }),
      pool.child({
        worker = "app:worker", host = "app:fetchers", size = 8, max_queue = AT_ONCE,
        timeout = "5m", retries = 1, backoff = { initial_delay = "200ms" },
      }, { name = "fetchers" }),
    },
  })
  report(crawl(first.text, most))
  assert(supervisor.stop(tree))
end
