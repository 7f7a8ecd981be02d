"""The definition `app:greeter`, named after its file. It runs until the program ends."""

import warren
from greeting import greeting


@warren.main
def main():
    for message in warren.listen("greet"):
        warren.send(message.sender, "reply", f"{greeting(message.value)}, from process {warren.pid()}")
