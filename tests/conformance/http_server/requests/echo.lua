local visits = 0

return {
  handler = function()
    visits = visits + 1
    local req = assert(http.request())
    assert(req == http.request() and tostring(req):find("^http%.Request{%u+ /echo/"))
    return {
      pid = process.pid(), visits = visits, id = req:id(),
      method = req:method(), path = req:path(), host = req:host(), remote = req:remote_addr(),
      query = req:query_params(), first = req:query("a"), none = req:query("none"),
      params = req:params(), rest = req:param("rest"),
      own = req:header("X-OWN"), type = req:content_type(), length = req:content_length(),
      json = req:accepts("application/json"), html = req:accepts("text/html; charset=utf-8"),
      is_form = req:is_content_type(http.CONTENT.FORM), has_body = req:has_body(),
      body = req:body(),
    }
  end,
  main = function()
    error("a request is answered by the handler")
  end,
}
