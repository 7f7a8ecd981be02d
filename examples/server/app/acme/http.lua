-- The answers of acme. A request is { method, path, query, headers, body },
-- an answer { status, headers, body }; each part of an answer may be absent.

local on = {}

on["GET /"] = function()
  return { body = "hello from acme\n" }
end

on["POST /echo"] = function(request)
  return {
    status = 201,
    headers = { ["content-type"] = "application/json" },
    body = json.encode { query = request.query, body = request.body, agent = request.headers["user-agent"] },
  }
end

-- As if there were much to compute.
on["GET /report"] = function(request)
  print("a report is asked for")
  time.sleep(request.query.after or "300ms")
  return { body = "all is well\n" }
end

-- The members of the chat room: a process that is there all the time.
on["GET /members"] = function()
  local members = process.listen("members")
  assert(process.send("acme:room", "who"))
  return { headers = { ["content-type"] = "application/json" }, body = json.encode((members:receive())) }
end

return function(request)
  local handle = on[request.method .. " " .. request.path]
  if not handle then
    return { status = 404, body = "acme does not have that\n" }
  end
  return handle(request)
end
