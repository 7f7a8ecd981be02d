return function(name)
  return require("ways")[name]()
end
