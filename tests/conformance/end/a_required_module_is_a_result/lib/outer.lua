return require("lib.prices")
