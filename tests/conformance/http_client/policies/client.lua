local function said(response, err)
  return response and tostring(response.status) or tostring(err)
end

return function(site)
  local _, denied = http_client.post(site .. "/status/200")
  local page = { method = "GET", path = "/status/200" }
  return {
    allowed = said(http_client.get(site .. "/status/200")),
    posted = said(nil, denied),
    other_path = said(http_client.get(site .. "/")),
    moved = said(http_client.get(site .. "/redirect/302?/status/200")),
    moved_away = said(http_client.get(site .. "/redirect/302?/")),
    can = tostring(security.can("http.request", site .. "/status/200", page)),
    can_other_word = tostring(security.can("http_client.request", site .. "/status/200", page)),
    cannot = tostring(security.can("http.request", site, { method = "POST", path = "/status/200" })),
    cannot_elsewhere = tostring(security.can("http.request", "https://example.com/", page)),
    action = denied:details().action,
    resource = denied:details().resource,
  }
end
