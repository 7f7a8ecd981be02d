return "part"
