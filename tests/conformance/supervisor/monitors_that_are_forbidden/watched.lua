return require("supervisor").run { children = { { id = "worker", definition = "app:worker" } } }
