return "ours"
