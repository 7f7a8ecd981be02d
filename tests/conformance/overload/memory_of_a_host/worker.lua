return function(role)
  if role == "grow" then
    local kept = {}
    while true do kept[#kept + 1] = ("x"):rep(1 << 20) .. #kept end
  end
  local asked = process.listen("ask")
  while true do process.send(asked:receive(), "answer") end
end
