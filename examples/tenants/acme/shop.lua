return require("shop")("acme", "globex")
