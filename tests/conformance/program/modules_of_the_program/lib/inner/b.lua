return "inner value"
