-- The descriptions of pools and jobs: checked, and completed by what they leave out.

local base = require("warren.supervisor.spec")
local check, check_integer, nanoseconds = base.check, base.check_integer, base.nanoseconds

local spec = {}

local POOL_KEYS = {
  worker = true, host = true, args = true, size = true, overflow = true, max_queue = true, timeout = true,
  retries = true, backoff = true, shutdown = true, max_restarts = true, within = true,
}
local JOB_KEYS = { timeout = true, retries = true }

local function timeout(value, what)
  return value ~= nil and nanoseconds(value, what) or nil
end

-- Returns a complete description of a pool; or nil and an error of kind INVALID.
function spec.pool(given)
  return base.checked(function()
    check(type(given) == "table", "the description of a pool is a table, not %s", tostring(given))
    base.check_table(given, POOL_KEYS, "pool")
    local worker = given.worker
    check(type(worker) == "string", "pool.worker is the definition of the workers, not %s", tostring(worker))
    return {
      worker = {
        definition = given.worker,
        host = base.check_text(given.host, "pool.host"),
        args = base.check_args(given.args, "pool.args"),
        args_name = "pool.args",
      },
      size = check_integer(given.size or 4, 1, "pool.size"),
      overflow = check_integer(given.overflow or 0, 0, "pool.overflow"),
      max_queue = check_integer(given.max_queue or 1000, 0, "pool.max_queue"),
      timeout = timeout(given.timeout, "pool.timeout"),
      retries = check_integer(given.retries or 0, 0, "pool.retries"),
      backoff = base.backoff(given.backoff, "pool.backoff"),
      shutdown = base.shutdown(given.shutdown or "5s", "pool.shutdown"),
      max_restarts = given.max_restarts == math.huge and math.huge
        or check_integer(given.max_restarts or 3, 0, "pool.max_restarts"),
      within = nanoseconds(given.within or "5s", "pool.within"),
    }
  end)
end

-- Returns the complete options of a job in a pool; or nil and an error of kind INVALID.
function spec.job(given, pool)
  return base.checked(function()
    given = given == nil and {} or given
    base.check_table(given, JOB_KEYS, "options")
    return {
      timeout = timeout(given.timeout, "options.timeout") or pool.timeout,
      retries = given.retries and check_integer(given.retries, 0, "options.retries") or pool.retries,
    }
  end)
end

return spec
