-- Supervisors: processes that start others, and start them again when they end.
--
--     local supervisor = require("supervisor")
--     local shop = assert(supervisor.start {
--       strategy = "rest_for_one",
--       children = {
--         { definition = "app:store", name = "store" },
--         { definition = "app:clerk", args = { "store" }, restart = "transient" },
--       },
--     })

local failures = require("warren.server.failures")
local launch = require("warren.supervisor.launch")
local requests = require("warren.supervisor.requests")
local spec = require("warren.supervisor.spec")
local tree = require("warren.supervisor.tree")

local supervisor = {}

local OPTIONS <const> = { name = true, host = true }
local OPTIONS_OF_A_DEFINITION <const> = { name = true, host = true, args = true }

-- Runs a supervisor in this process, to its end: until it is asked to end, or fails.
function supervisor.run(description)
  local complete, err = spec.supervisor(description)
  if not complete then
    return nil, err
  end
  return tree.new(complete):run()
end

-- Starts a supervisor in a new process, linked to this one, and waits until its children
-- have started. `what` describes it, or is the definition of a process that calls `run`.
function supervisor.start(what, options)
  if what == nil then
    return nil, failures.failure(errors.INVALID, "description is missing")
  elseif type(what) ~= "table" and type(what) ~= "string" then
    failures.bad_argument(1, "start", "table or string", what)
  end
  if options ~= nil and type(options) ~= "table" then
    failures.bad_argument(2, "start", "table", options)
  end
  local is_described = type(what) == "table"
  local given, err = spec.options(options, is_described and OPTIONS or OPTIONS_OF_A_DEFINITION)
  if not given then
    return nil, err
  end
  local launched = { definition = what, host = given.host, name = given.name }
  if is_described then
    launched.definition, launched.args = spec.SUPERVISOR, { what, n = 1 }
    launched.description, launched.described = what, "description"
    given, err = spec.to_send(what)
  else
    launched.args, err = spec.checked(spec.check_args, given.args, "options.args")
    launched.args_name = "options.args"
  end
  if err ~= nil then
    return nil, err
  end
  return launch.ready("supervisor", launched)
end

local function request(name, options)
  return requests.to("supervisor", name, options)
end

local CHILD <const> = { "child" }

-- Start, stop, start again or forget a child. A child is named by its id or its PID.
supervisor.start_child = request("start_child", { arguments = CHILD, required = 1 })
supervisor.stop_child = request("stop_child", { arguments = CHILD, required = 1 })
supervisor.restart_child = request("restart_child", { arguments = CHILD, required = 1 })
supervisor.delete_child = request("delete_child", { arguments = CHILD, required = 1, looks = true })

-- Return one child, a list of all, and their number by state.
supervisor.find = request("find", { arguments = CHILD, required = 1, looks = true })
supervisor.children = request("children", { looks = true })
supervisor.count = request("count", { looks = true })

-- Stops a supervisor with its children.
supervisor.stop = request("stop", {})

-- The program of a process of the definition `warren:supervisor`.
supervisor.main = supervisor.run

return supervisor
