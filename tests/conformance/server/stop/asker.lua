-- It may not terminate.
return function(pid)
  return require("server").stop(pid, "20ms")
end
