(module
  (func x))
