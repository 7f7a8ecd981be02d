return { name = "util of the program" }
