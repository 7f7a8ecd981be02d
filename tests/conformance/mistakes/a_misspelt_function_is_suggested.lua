-- A call of a function that is not there names the one that was meant. A field that is
-- not there is nil, as a program that asks for it expects.
-- shows: ME-1

assert(process.sned == nil and process.foo == nil and logger.wran == nil)

local function message(code)
  local ok, message = pcall(assert(load(code, "=x")))
  assert(not ok)
  return message
end

for code, suggestion in pairs {
  ["process.sned('a', 'b')"] = "(field 'sned'); did you mean 'send'?",
  ["process.registry.lokup('a')"] = "(field 'lokup'); did you mean 'lookup'?",
  ["return process.spwan_monitored('a')"] = "(field 'spwan_monitored'); did you mean 'spawn_monitored'?",
  ["local c = channel.new() c:recieve()"] = "(method 'recieve'); did you mean 'receive'?",
  ["logger:wran('x')"] = "(method 'wran'); did you mean 'warn'?",
  ["logger.wran('x')"] = "(field 'wran'); did you mean 'warn'?",
  ["logger:named('x'):inof('x')"] = "(method 'inof'); did you mean 'info'?",
  ["time.lod_location('UTC')"] = "(field 'lod_location'); did you mean 'load_location'?",
  ["local t = require('time') t.slep(0)"] = "(field 'slep'); did you mean 'sleep'?",
  ["time.now():unix_nanos()"] = "(method 'unix_nanos'); did you mean 'unix_nano'?",
  ["process.inbox():case_recieve()"] = "(method 'case_recieve'); did you mean 'case_receive'?",
  ["errors.new('x'):mesage()"] = "(method 'mesage'); did you mean 'message'?",
  ["payload.new('x'):transcod('json/plain')"] = "(method 'transcod'); did you mean 'transcode'?",
  ["require('pool').chekout()"] = "(field 'chekout'); did you mean 'checkout'?",
  ["require('lfs').atributes('x')"] = "(field 'atributes'); did you mean 'attributes'?",
  ["require('warren.supervisor').cuont()"] = "(field 'cuont'); did you mean 'count'?",
  ["local s = require('server') s.cal()"] = "(field 'cal'); did you mean 'call'?",
  ["tostring('pool').chekout()"] = "(field 'chekout')",
  ["('x'):uper()"] = "(method 'uper'); did you mean 'upper'?",
  ["pritn('x')"] = "(global 'pritn'); did you mean 'print'?",
  ["process.frobnicate()"] = "(field 'frobnicate')",
} do
  local expected = "x:1: attempt to call a nil value " .. suggestion
  assert(message(code) == expected, message(code))
end
