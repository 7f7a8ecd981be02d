return function(to)
  assert(require("server").reply(to, "from another"))
end
