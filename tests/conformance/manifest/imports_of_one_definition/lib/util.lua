return { name = "util of lib" }
