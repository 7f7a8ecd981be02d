return "of helper: " .. require("shared").name
