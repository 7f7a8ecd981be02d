-- http: the short forms of http_client.

local native, http = ...
local client, next = native.http_client, native.kept.next

for _, name in next, { "get", "post", "put", "patch", "delete", "head", "request" } do
  http[name] = client[name]
end
