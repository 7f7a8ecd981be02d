-- Fails. The client gets a 500 with an id, and the log has the error under that id.
return function()
  error("this handler is broken")
end
