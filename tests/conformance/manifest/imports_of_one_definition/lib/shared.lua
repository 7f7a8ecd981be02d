return { name = "shared of lib" }
