return require("lib.room")
