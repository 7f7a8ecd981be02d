-- Prints the figures of a load in one line. An argument is the mean pause, in milliseconds, that
-- each connection makes between an answer and its next request.
function init(args)
  local mean = tonumber(args[1])
  if mean then
    function delay()
      return math.random(0, 2 * mean)
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(("measured: %d %d %d %d %d"):format(
    summary.requests, failed, summary.duration, latency:percentile(50), latency:percentile(99)))
end
