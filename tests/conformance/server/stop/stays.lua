-- A server that does not end when it is asked to.
return require("server").entry {
  terminate = function()
    process.listen("never"):receive()
  end,
}
