-- Lists are in order, and cursors lead through all entries.
-- shows: ST-5
local function fails(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(value) .. " " .. tostring(err))
end

for _, id in ipairs { "memory", "durable" } do
  local s = assert(store.get(id))
  local empty = s:list()
  assert(#empty.items == 0 and empty.has_more == false and empty.cursor == nil)
  local keys = {}
  for n = 1, 250 do
    keys[n] = ("n/%03d"):format((n * 97) % 250)
  end
  keys[#keys + 1] = "m"
  keys[#keys + 1] = "n"
  keys[#keys + 1] = "o/1"
  keys[#keys + 1] = "\u{e9}"
  for place, key in ipairs(keys) do
    assert(s:set(key, place))
  end
  table.sort(keys)

  -- All of them, by the bytes of their keys, each once.
  local read, after = {}, nil
  repeat
    local page = assert(s:list { after = after })
    assert(#page.items <= 100)
    for _, item in ipairs(page.items) do
      read[#read + 1] = item.key
      assert(item.value == s:get(item.key) and item.version == s:entry(item.key).version)
    end
    after = page.cursor
    assert((after ~= nil) == page.has_more)
  until not after
  assert(table.concat(read, " ") == table.concat(keys, " "))

  local page = s:list { prefix = "n/", limit = 1000 }
  assert(#page.items == 250 and not page.has_more)
  assert(page.items[1].key == "n/000" and page.items[250].key == "n/249")
  page = s:list { prefix = "n/", after = "n/247" }
  assert(#page.items == 2 and not page.has_more)
  assert(#s:list { prefix = "n/", after = "z" }.items == 0)
  assert(#s:list { prefix = "n/", after = "a", limit = 1000 }.items == 250)
  assert(#s:list { prefix = "none" }.items == 0)

  -- Large values come in several lists.
  local large = ("x"):rep(400000)
  for n = 1, 5 do
    assert(s:set("large/" .. n, large))
  end
  page = s:list { prefix = "large/" }
  assert(#page.items == 2 and page.has_more and page.cursor == "large/2")

  for _, options in ipairs { { limit = 0 }, { limit = -1 }, { limit = 1001 }, { limit = "x" }, { prefix = 1 }, { affter = "x" } } do
    fails(errors.INVALID, s:list(options))
  end
end

return function() end
