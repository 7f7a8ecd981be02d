-- Each request is a process, so each answer has another PID.
return function()
  local req = assert(http.request())
  return ("hello, %s, from process %s\n"):format(req:param("name"), process.pid())
end
