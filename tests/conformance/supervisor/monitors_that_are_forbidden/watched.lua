return require("supervisor").run { children = {
  { id = "worker", definition = "app:worker" },
  { id = "started", shutdown = "kill", start = function() return process.spawn("app:worker") end },
} }
