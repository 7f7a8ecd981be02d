process.listen("never"):receive()
