-- All processes have one limit of memory, of which a host takes seven eighths at
-- most where nobody says otherwise.
-- shows: Q-12

return function()
  local function fill(host)
    local count = 0
    while true do
      local pid, err = process.spawn("app:worker", host)
      if not pid then
        assert(errors.is(err, errors.RATE_LIMITED) and err:retryable() == true, err)
        return count, err:details()
      end
      count = count + 1
    end
  end
  local many, details = fill("app:one")
  assert(details.limit == "max_memory_total" and details.value == 28 << 20, json.encode(details))
  local few
  few, details = fill("app:two")
  assert(few > 0 and few < many, few)
  assert(details.limit == "runtime.max_memory_total", details.limit)
  assert(details.value == 32 << 20 and details.host == "app:two", json.encode(details))
end
