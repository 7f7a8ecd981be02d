return (process.listen("value"):receive())
