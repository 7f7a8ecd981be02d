return require("lib.chat")("globex:room")
