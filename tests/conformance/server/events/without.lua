-- The same server without the handler `event`.
local server, with = require("server"), require("with")

return server.entry { init = with.init, call = with.call, terminate = with.terminate }
