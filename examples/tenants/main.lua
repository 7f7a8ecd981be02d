-- Two tenants in one program. Each runs code of its own, and tries to reach the
-- processes, names and definitions of the other.
--
--     warren run examples/tenants
--     warren policy check examples/tenants
--
-- warren.toml says for whom each shop acts; policies/ says what that allows.

return function()
  local tried, closed, events = process.listen("tried"), process.listen("closed"), process.events()
  local open = process.listen("open")
  local tenants, shops, lines = { "acme", "globex" }, {}, { acme = {}, globex = {} }
  for _, tenant in ipairs(tenants) do
    shops[tenant] = assert(process.spawn_monitored("app." .. tenant .. ":shop", "app:processes", process.pid()))
    open:receive()
  end
  for _, tenant in ipairs(tenants) do
    local other = tenant == "acme" and "globex" or "acme"
    assert(process.send(shops[tenant], "start", shops[other]))
    local done = false
    while not done do
      local case = channel.select { tried:case_receive(), closed:case_receive(), events:case_receive() }
      if case.channel == tried then
        table.insert(lines[tenant], ("  %-22s %s"):format(case.value[2], case.value[3]))
      elseif case.channel == closed then
        done = true
      else
        assert(not case.value.result.error, case.value.result.error)
      end
    end
  end
  for _, tenant in ipairs(tenants) do
    print(tenant)
    print(table.concat(lines[tenant], "\n"))
  end
end
