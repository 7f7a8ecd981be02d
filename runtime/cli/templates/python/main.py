"""The definition `app:main`, which `warren run` starts with the arguments of the command
line."""

import warren


@warren.main
def main(name="world"):
    replies = warren.listen("reply")
    greeter = warren.spawn("app:greeter", "app:processes")
    warren.send(greeter, "greet", name)
    print(replies.receive().value)
