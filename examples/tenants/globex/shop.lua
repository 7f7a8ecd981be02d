return require("shop")("globex", "acme")
