return require("shared").name
