-- Several requests at once, each with its response or its error.
-- shows: HC-10
-- options: --http http://127.0.0.1:8080,private
-- arguments: 127.0.0.1:8080
local site = "http://" .. io.args()[1]

local requests = {}
for i = 1, 20 do
  requests[i] = { "POST", site .. "/echo", { body = "body " .. i } }
end
local responses, errs = http_client.request_batch(requests)
assert(#responses == 20 and errs == nil)
for i = 1, 20 do
  assert(json.decode(responses[i].body).body == "body " .. i)
end

responses, errs = http_client.request_batch {
  { "GET", site .. "/" },
  { "GET", "https://example.com/" },
  { "GET", site .. "/", { stream = true } },
  { "GET", site .. "/status/500" },
  { "GET", site .. "/", { unknown = 1 } },
}
assert(responses[1].body == "hello" and responses[4].status == 500)
assert(responses[2] == nil and responses[3] == nil and responses[5] == nil)
assert(errors.is(errs[2], errors.PERMISSION_DENIED) and errs[2]:details().resource == "https://example.com")
assert(errors.is(errs[3], errors.INVALID) and errors.is(errs[5], errors.INVALID))
assert(errs[1] == nil and errs[4] == nil)

for _, wrong in ipairs { { 7 }, { {} }, { { "GET" } }, { { "GET", 7 } }, { a = {} } } do
  local value, err = http_client.request_batch(wrong)
  assert(value == nil and errors.is(err, errors.INVALID), tostring(err))
end
local ok, raised = pcall(http_client.request_batch, {})
assert(not ok and raised:find("requests are empty", 1, true), raised)

for text, encoded in pairs { ["a b&c"] = "a+b%26c", ["é"] = "%C3%A9", [""] = "", ["\0"] = "%00" } do
  assert(http_client.encode_uri(text) == encoded and http_client.decode_uri(encoded) == text)
end
for _, wrong in ipairs { "%", "%4", "%zz" } do
  local value, err = http_client.decode_uri(wrong)
  assert(value == nil and errors.is(err, errors.INVALID), tostring(err))
end

return function() end
