-- POST /api/login {name, password}: a token, as a cookie that scripts of the page cannot read.

local body = require("lib.body")

local COOKIE <const> = "x-auth-token=%s; Path=/; HttpOnly; SameSite=Strict"

local function refused()
  return { status = 401, body = { error = "wrong name or password" } }
end

return function()
  local asked, err = body()
  if not asked then
    return nil, err
  end
  local name, password = asked.name, asked.password
  if type(name) ~= "string" or type(password) ~= "string" or password == "" then
    return refused()
  end
  local db = assert(sql.get("app:shop"))
  local user = assert(db:query("SELECT role, salt, password FROM users WHERE name = ?", { name }))[1]
  -- A name that is not there takes as long as a wrong password.
  local key = assert(crypto.argon2id(password, user and user.salt or "nobody's salt"))
  if not user or not crypto.constant_time_compare(key, user.password) then
    return refused()
  end
  local actor = security.new_actor(name, { name = name, role = user.role, session = crypto.random.uuid() })
  local scope = assert(security.named_scope("app:" .. user.role))
  local token = assert(assert(security.token_store("app:tokens")):create(actor, scope))
  return { headers = { ["Set-Cookie"] = COOKIE:format(token) }, body = { name = name, role = user.role } }
end
