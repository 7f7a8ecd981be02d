-- It may neither cancel nor terminate.
return function(pid)
  process.cancel(pid)
  process.terminate(pid)
  require("server").stop(pid)
end
