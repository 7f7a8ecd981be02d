-- A test of the definition `app:greeter`. `warren test` runs this file, each time in a
-- process of its own.
local test = require("test")

return test.run_cases(function()
  test.describe("the greeter", function()
    ---@type string, warren.Channel
    local greeter, replies

    test.before_each(function()
      greeter = assert(process.spawn("app:greeter", "app:processes"))
      replies = process.listen("reply")
    end)

    test.after_each(function()
      process.unlisten(replies)
      process.terminate(greeter)
    end)

    test.it("says hello", function()
      assert(process.send(greeter, "greet", "Ada"))
      test.contains(replies:receive("5s"), "hello, Ada")
    end)

    test.it("greets again", function()
      for _, name in ipairs { "Ada", "Bob" } do
        assert(process.send(greeter, "greet", name))
        test.contains(replies:receive("5s"), name)
      end
    end)
  end)
end)
