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

local native = ...
local told = native.told
local failures = require("warren.server.failures")
local launch = require("warren.supervisor.launch")
local options_of = require("warren.server.options").of
local requests = require("warren.supervisor.requests")
local spec = require("warren.supervisor.spec")
local tree = require("warren.supervisor.tree")

local supervisor = {}

local OPTIONS <const> = { name = "string", host = "string" }
local OPTIONS_OF_A_DEFINITION <const> = { name = "string", host = "string", args = true }

-- Runs a supervisor in this process, to its end: until it is asked to end, or fails.
local function run(description)
  local complete, err = spec.supervisor(description)
  if not complete then
    return nil, err
  end
  return tree.new(complete):run()
end

supervisor.run = told(run, "supervisor.run")

-- Starts a supervisor in a new process, linked to this one, and waits until its children
-- have started. `what` describes it, or is the definition of a process that calls `run`.
local function start(what, options)
  if what == nil then
    return nil, failures.failure(errors.INVALID, "description is missing")
  elseif type(what) ~= "table" and type(what) ~= "string" then
    failures.bad_argument(1, "start", "table or string", what)
  end
  local is_described = type(what) == "table"
  local given, err = options_of(2, "start", options, is_described and OPTIONS or OPTIONS_OF_A_DEFINITION)
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

supervisor.start = told(start, "supervisor.start")

local function request(name, options)
  return requests.to("supervisor", name, options)
end

-- The same of a request whose discarded error is told; a request of the kind "stop" may come
-- too late.
local function told_request(name, options, kind)
  return told(request(name, options), "supervisor." .. name, kind)
end

local CHILD <const> = { "child" }

-- Start, stop, start again or forget a child. A child is named by its id or its PID.
supervisor.start_child = told_request("start_child", { arguments = CHILD, required = 1 })
supervisor.stop_child = told_request("stop_child", { arguments = CHILD, required = 1 }, "stop")
supervisor.restart_child = told_request("restart_child", { arguments = CHILD, required = 1 })
supervisor.delete_child = told_request("delete_child", { arguments = CHILD, required = 1, looks = true })

-- Return one child, a list of all, and their number by state.
supervisor.find = request("find", { arguments = CHILD, required = 1, looks = true })
supervisor.children = request("children", { looks = true })
supervisor.count = request("count", { looks = true })

-- Stops a supervisor with its children.
supervisor.stop = told_request("stop", { ends = true }, "stop")

-- The program of a process of the definition `warren:supervisor`.
supervisor.main = run

return supervisor
