-- The messages of NOT_FOUND contain "not found", those of names "not registered".
-- shows: R-10
local function says(text, value, err)
  assert(value == nil and errors.is(err, errors.NOT_FOUND) and string.find(err, text, 1, true), err)
end
local gone = "{app:processes|0x00999}"
for _, call in ipairs { process.send, process.cancel, process.terminate, process.monitor, process.link } do
  local topic = call == process.send and "t" or nil
  -- No process has a text like the last three.
  for _, nobody in ipairs { gone, "{app:processes|0x2}", "{app:processes|0x00000}", "{app:processes|0xFFFFF}" } do
    says("process not found: " .. nobody, call(nobody, topic))
  end
  says("not registered", call("nobody", topic))
end
says("not registered", process.registry.lookup("nobody"))
says("not found", process.registry.register("name", gone))
says("definition not found", process.spawn("app:nothing", "app:processes"))
says("definition not found", process.spawn("other:nothing", "app:processes"))
says("definition not found", process.spawn("no id", "app:processes"))
says("host not found", process.spawn("app:not_found_says_so", "app:nowhere"))
says("definition not found", process.exec("app:nothing", "app:processes"))
says("definition not found", process.upgrade("app:nothing"))
says("not found", ctx.get("nothing"))
says("not found", security.policy("nothing"))
says("not found", security.named_scope("nothing"))
