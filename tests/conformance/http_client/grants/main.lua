-- A request needs a grant of its origin, and a private address one that says so.
-- shows: HC-1, HC-2
local function fails(url, kind, text)
  local value, err = http_client.get(url)
  assert(value == nil and errors.is(err, kind), url .. ": " .. tostring(err))
  assert(tostring(err):find(text, 1, true), tostring(err))
  return err
end

-- Nobody listens at this port: the request was allowed to try.
fails("http://127.0.0.1:1/x", errors.UNAVAILABLE, "cannot connect to 127.0.0.1")
fails("http://0x7f.1:1/x", errors.UNAVAILABLE, "cannot connect to 127.0.0.1")
-- Its address is private, and the grant does not say so.
local err = fails("http://127.0.0.1:2/", errors.PERMISSION_DENIED, "private = true")
assert(err:retryable() == false)
for _, url in ipairs {
  "http://127.0.0.1:3/in/x", "http://[::1]:2/", "http://[::ffff:127.0.0.1]:2/", "http://169.254.169.254/latest/",
} do
  fails(url, errors.PERMISSION_DENIED, "private = true")
end
-- No grant covers these.
for _, url in ipairs {
  "http://127.0.0.1/", "https://127.0.0.1:1/", "http://127.0.0.1:3/", "http://127.0.0.1:3/in/../out",
  "http://127.0.0.1:3/in/%2e%2e/out", "http://127.0.0.1:3/in/..%2fout", "http://127.0.0.1:3/inside",
  "http://localhost:1/", "http://a.example/", "https://example/", "https://a.b.example:444/",
} do
  fails(url, errors.PERMISSION_DENIED, "not granted: http.request on ")
end
err = fails("https://other.org/secret?x", errors.PERMISSION_DENIED, 'grant it by http = ["https://other.org"]')
assert(tostring(err):find("--http https://other.org", 1, true))
assert(err:details().resource == "https://other.org")
-- A user in front of the host is no host.
for _, url in ipairs { "http://127.0.0.1:1@evil.org/", "http://127.0.0.1:1\\@evil.org:1/x" } do
  local value, refused = http_client.get(url)
  assert(value == nil and not errors.is(refused, errors.TIMEOUT), tostring(refused))
end
-- A definition has grants of its own.
local value, refused = process.exec("app:other", "app:processes")
assert(value == "PermissionDenied" and refused == nil, tostring(value))

return function() end
