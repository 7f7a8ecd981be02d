-- The body of the request, an object in JSON. The error for another one is an answer, 400.

return function()
  local body, err = assert(http.request()):body_json()
  if type(body) == "table" then
    return body
  end
  return nil, err or errors.new { kind = errors.INVALID, message = "the body is no object" }
end
