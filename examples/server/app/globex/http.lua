-- The answers of globex, whose code is bad: they show its effect on the others.

local on = {}

on["/"] = function()
  return { body = "hello from globex\n" }
end

-- 504, when the deadline has passed.
on["/loop"] = function()
  while true do
  end
end

-- 500: its memory is used up, and no more of it is to be had.
on["/hog"] = function()
  local hoard = {}
  while true do
    table.insert(hoard, ("x"):rep(1 << 20) .. #hoard)
  end
end

-- 500, as for every error that nobody catches.
on["/crash"] = function()
  error("the stock is " .. nil)
end

-- 500: this is no answer.
on["/nonsense"] = function()
  return { status = "fine" }
end

-- Attempts against acme, and the answers of the runtime.
on["/spy"] = function()
  local room = assert(process.registry.lookup("acme:room")) -- names are public
  local tried = {
    send = { process.send("acme:room", "join", "a spy") },
    monitor = { process.monitor(room) },
    terminate = { process.terminate(room) },
    spawn = { process.spawn("app.acme:http", "tenants:acme", { method = "GET", path = "/members" }) },
    host = { process.spawn("app.globex:room", "tenants:acme") },
  }
  local lines = {}
  for what, result in pairs(tried) do
    table.insert(lines, ("%s: %s\n"):format(what, result[1] and "allowed" or tostring(result[2])))
  end
  table.sort(lines)
  return { status = 403, body = table.concat(lines) }
end

return function(request)
  local handle = on[request.path]
  if not handle then
    return { status = 404, body = "globex does not have that\n" }
  end
  return handle(request)
end
