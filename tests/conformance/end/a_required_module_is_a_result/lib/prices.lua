return { bread = 3 }
