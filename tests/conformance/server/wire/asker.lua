return function(pid)
  return require("server").call(pid)
end
