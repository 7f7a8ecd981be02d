return require("lib.chat")("acme:room")
