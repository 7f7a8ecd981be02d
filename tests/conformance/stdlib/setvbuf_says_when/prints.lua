print(...)
