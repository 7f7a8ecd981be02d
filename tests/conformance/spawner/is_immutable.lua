-- Every method returns a new spawner; the old one is as it was.
-- shows: W-1, W-2, W-3

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    local got = channel.select { process.inbox():case_receive(), default = true }
    return { all = ctx.all(), topic = got.value and got.value:topic() }
  end
  local values = { user = "ada", level = 1 }
  local one = assert(process.with_context(values))
  values.user = "changed afterwards"
  local two = assert(one:with_context { level = 2, extra = { 1 } })
  local three = assert(two:with_message("hello"))
  assert(one ~= two and two ~= three)

  local result = assert(one:exec(me, host, "child"))
  assert(result.all.user == "ada" and result.all.level == 1 and result.all.extra == nil and result.topic == nil)
  result = assert(two:exec(me, host, "child"))
  assert(result.all.user == "ada" and result.all.level == 2 and result.all.extra[1] == 1 and result.topic == nil)
  result = assert(three:exec(me, host, "child"))
  assert(result.topic == "hello" and result.all.level == 2)
  assert(not pcall(function() one.values = 1 end))
end
