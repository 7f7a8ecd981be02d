-- POST /api/logout: ends the session, and the token.

local session = require("session")

local NO_COOKIE <const> = "x-auth-token=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"

return function()
  local request = assert(http.request())
  local bearer, cookies = request:header("authorization") or "", request:header("cookie") or ""
  local token = bearer:match("^Bearer (.+)$") or cookies:match("x%-auth%-token=([^;]+)")
  if token then
    assert(security.token_store("app:tokens")):revoke(token)
  end
  local closed, err = session.close()
  if not closed and not errors.is(err, errors.NOT_FOUND) then
    return nil, err
  end
  return { status = 204, headers = { ["Set-Cookie"] = NO_COOKIE } }
end
