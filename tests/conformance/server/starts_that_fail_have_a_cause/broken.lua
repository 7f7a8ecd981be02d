error("broken at once", 0)
