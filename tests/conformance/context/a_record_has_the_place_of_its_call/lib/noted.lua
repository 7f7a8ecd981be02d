return function()
  -- Not of the definition that calls it.
  logger:info("noted")
end
