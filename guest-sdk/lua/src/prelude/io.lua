-- The functions of `io` that lead outside.

local native = ...
local public = native.public
local error = error

for _, name in ipairs { "popen", "tmpfile" } do
  io[name] = public(function()
    error("io." .. name .. " is not available: a process runs in a sandbox", 3)
  end)
end

local read, arguments = io.read, native.arguments

io.print, io.eprint = print, native.eprint

io.readline = public(function()
  return read("l")
end)

io.args = public(function()
  return { arguments() }
end)
