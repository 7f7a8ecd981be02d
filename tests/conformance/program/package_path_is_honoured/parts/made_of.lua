return "made"
