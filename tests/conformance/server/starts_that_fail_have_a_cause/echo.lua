return require("server").entry {
  call = function(_, request)
    return request
  end,
}
