-- The messages of Lua 5.4 itself, by call and argument: made with `tried` and Lua 5.4.4.
return {
  ["assert(true, 'x')"] = {
    "x:1: bad argument #1 to 'assert' (value expected) for no value",
    "",
  },
  ["collectgarbage('count')"] = {
    "x:1: bad argument #1 to 'collectgarbage' (invalid option '/x') for string; x:1: bad argument #1 to 'collectgarbage' (invalid option '1') for number; x:1: bad argument #1 to 'collectgarbage' (string expected, got KIND) for boolean table function thread FILE*",
  },
  ["error('x', 1)"] = {
    "",
    "x:1: bad argument #2 to 'error' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["getmetatable('x')"] = {
    "x:1: bad argument #1 to 'getmetatable' (value expected) for no value",
  },
  ["ipairs({})"] = {
    "x:1: bad argument #1 to 'ipairs' (value expected) for no value",
  },
  ["load('', 'x', 't', {})"] = {
    "x:1: bad argument #1 to 'load' (function expected, got KIND) for nil boolean table thread FILE* no value",
    "x:1: bad argument #2 to 'load' (string expected, got KIND) for boolean table function thread FILE*",
    "x:1: bad argument #3 to 'load' (string expected, got KIND) for boolean table function thread FILE*",
    "",
  },
  ["loadfile('x', 't', {})"] = {
    "x:1: bad argument #1 to 'loadfile' (string expected, got KIND) for boolean table function thread FILE*",
    "x:1: bad argument #2 to 'loadfile' (string expected, got KIND) for boolean table function thread FILE*",
    "",
  },
  ["dofile('x')"] = {
    "x:1: bad argument #1 to 'dofile' (string expected, got KIND) for boolean table function thread FILE*",
  },
  ["next({}, nil)"] = {
    "x:1: bad argument #1 to 'next' (table expected, got KIND) for nil boolean number string function thread FILE* no value",
    "",
  },
  ["pairs({})"] = {
    "x:1: bad argument #1 to 'pairs' (value expected) for no value",
  },
  ["pcall(NOTHING)"] = {
    "x:1: bad argument #1 to 'pcall' (value expected) for no value",
  },
  ["xpcall(NOTHING, NOTHING)"] = {
    "x:1: bad argument #2 to 'xpcall' (function expected, got KIND) for no value",
    "x:1: bad argument #2 to 'xpcall' (function expected, got KIND) for nil boolean number string table thread FILE* no value",
  },
  ["rawequal(1, 1)"] = {
    "x:1: bad argument #1 to 'rawequal' (value expected) for no value",
    "x:1: bad argument #2 to 'rawequal' (value expected) for no value",
  },
  ["rawget({}, 1)"] = {
    "x:1: bad argument #1 to 'rawget' (table expected, got KIND) for nil boolean number string function thread FILE* no value",
    "x:1: bad argument #2 to 'rawget' (value expected) for no value",
  },
  ["rawlen({})"] = {
    "x:1: bad argument #1 to 'rawlen' (table or string expected, got KIND) for nil boolean number function thread FILE* no value",
  },
  ["rawset({}, 1, 1)"] = {
    "x:1: bad argument #1 to 'rawset' (table expected, got KIND) for nil boolean number string function thread FILE* no value",
    "x:1: bad argument #2 to 'rawset' (value expected) for no value",
    "x:1: bad argument #3 to 'rawset' (value expected) for no value",
  },
  ["require('string')"] = {
    "x:1: bad argument #1 to 'require' (string expected, got KIND) for nil boolean table function thread FILE* no value",
  },
  ["select(1, 1)"] = {
    "x:1: bad argument #1 to 'select' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "",
  },
  ["setmetatable({}, {})"] = {
    "x:1: bad argument #1 to 'setmetatable' (table expected, got KIND) for nil boolean number string function thread FILE* no value",
    "x:1: bad argument #2 to 'setmetatable' (nil or table expected, got KIND) for boolean number string function thread FILE* no value",
  },
  ["tonumber('1', 10)"] = {
    "x:1: bad argument #1 to 'tonumber' (string expected, got KIND) for nil boolean number table function thread FILE*; x:1: bad argument #1 to 'tonumber' (value expected) for no value",
    "x:1: bad argument #2 to 'tonumber' (base out of range) for number; x:1: bad argument #2 to 'tonumber' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["tostring(1)"] = {
    "x:1: bad argument #1 to 'tostring' (value expected) for no value",
  },
  ["type(1)"] = {
    "x:1: bad argument #1 to 'type' (value expected) for no value",
  },
  ["warn('@off', 'x')"] = {
    "x:1: bad argument #1 to 'warn' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'warn' (string expected, got KIND) for nil boolean table function thread FILE*",
  },
  ["coroutine.create(NOTHING)"] = {
    "x:1: bad argument #1 to 'create' (function expected, got KIND) for nil boolean number string table thread FILE* no value",
  },
  ["coroutine.resume(THREAD, 1)"] = {
    "x:1: bad argument #1 to 'resume' (thread expected, got KIND) for nil boolean number string table function FILE* no value",
    "",
  },
  ["coroutine.wrap(NOTHING)"] = {
    "x:1: bad argument #1 to 'wrap' (function expected, got KIND) for nil boolean number string table thread FILE* no value",
  },
  ["coroutine.status(THREAD)"] = {
    "x:1: bad argument #1 to 'status' (thread expected, got KIND) for nil boolean number string table function FILE* no value",
  },
  ["coroutine.close(THREAD)"] = {
    "x:1: bad argument #1 to 'close' (thread expected, got KIND) for nil boolean number string table function FILE* no value",
  },
  ["coroutine.isyieldable(THREAD)"] = {
    "x:1: bad argument #1 to 'isyieldable' (thread expected, got KIND) for nil boolean number string table function FILE*",
  },
  ["string.byte('x', 1, 1)"] = {
    "x:1: bad argument #1 to 'byte' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'byte' (number expected, got KIND) for boolean string table function thread FILE*",
    "x:1: bad argument #3 to 'byte' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["string.char(1, 1)"] = {
    "x:1: bad argument #1 to 'char' (number expected, got KIND) for nil boolean string table function thread FILE*",
    "x:1: bad argument #2 to 'char' (number expected, got KIND) for nil boolean string table function thread FILE*",
  },
  ["string.find('x', 'x', 1, true)"] = {
    "x:1: bad argument #1 to 'find' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'find' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #3 to 'find' (number expected, got KIND) for boolean string table function thread FILE*",
    "",
  },
  ["string.format('%s%d%q', 'x', 1, 1)"] = {
    "x:1: bad argument #1 to 'format' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'format' (no value) for no value",
    "x:1: bad argument #3 to 'format' (no value) for no value; x:1: bad argument #3 to 'format' (number expected, got KIND) for nil boolean string table function thread FILE*",
    "x:1: bad argument #4 to 'format' (no value) for no value; x:1: bad argument #4 to 'format' (value has no literal form) for table function thread FILE*",
  },
  ["string.gmatch('x', 'x', 1)"] = {
    "x:1: bad argument #1 to 'gmatch' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'gmatch' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #3 to 'gmatch' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["string.gsub('x', 'x', 'x', 1)"] = {
    "x:1: bad argument #1 to 'gsub' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'gsub' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #3 to 'gsub' (string/function/table expected, got KIND) for nil boolean thread FILE* no value",
    "x:1: bad argument #4 to 'gsub' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["string.len('x')"] = {
    "x:1: bad argument #1 to 'len' (string expected, got KIND) for nil boolean table function thread FILE* no value",
  },
  ["string.lower('x')"] = {
    "x:1: bad argument #1 to 'lower' (string expected, got KIND) for nil boolean table function thread FILE* no value",
  },
  ["string.match('x', 'x', 1)"] = {
    "x:1: bad argument #1 to 'match' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'match' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #3 to 'match' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["string.pack('z', 'x')"] = {
    "x:1: bad argument #1 to 'pack' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'pack' (string expected, got KIND) for nil boolean table function thread FILE*; x:1: bad argument #2 to 'pack' (string expected, got nil) for no value",
  },
  ["string.packsize('b')"] = {
    "x:1: bad argument #1 to 'packsize' (string expected, got KIND) for nil boolean table function thread FILE* no value",
  },
  ["string.rep('x', 1, 'x')"] = {
    "x:1: bad argument #1 to 'rep' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'rep' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "x:1: bad argument #3 to 'rep' (string expected, got KIND) for boolean table function thread FILE*",
  },
  ["string.reverse('x')"] = {
    "x:1: bad argument #1 to 'reverse' (string expected, got KIND) for nil boolean table function thread FILE* no value",
  },
  ["string.sub('x', 1, 1)"] = {
    "x:1: bad argument #1 to 'sub' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'sub' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "x:1: bad argument #3 to 'sub' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["string.unpack('b', 'x', 1)"] = {
    "x:1: bad argument #1 to 'unpack' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'unpack' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #3 to 'unpack' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["string.upper('x')"] = {
    "x:1: bad argument #1 to 'upper' (string expected, got KIND) for nil boolean table function thread FILE* no value",
  },
  ["table.concat({}, 'x', 1, 0)"] = {
    "x:1: bad argument #1 to 'concat' (table expected, got KIND) for nil boolean number string function thread FILE* no value",
    "x:1: bad argument #2 to 'concat' (string expected, got KIND) for boolean table function thread FILE*",
    "x:1: bad argument #3 to 'concat' (number expected, got KIND) for boolean string table function thread FILE*",
    "x:1: bad argument #4 to 'concat' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["table.insert({}, 1, 1)"] = {
    "x:1: bad argument #1 to 'insert' (table expected, got KIND) for nil boolean number string function thread FILE* no value",
    "x:1: bad argument #2 to 'insert' (number expected, got KIND) for nil boolean string table function thread FILE*",
    "",
  },
  ["table.move({}, 1, 1, 1, {})"] = {
    "x:1: bad argument #1 to 'move' (table expected, got KIND) for nil boolean number function thread; x:1: bad argument #2 to 'move' (number expected, got KIND) for no value",
    "x:1: bad argument #2 to 'move' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "x:1: bad argument #3 to 'move' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "x:1: bad argument #4 to 'move' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "x:1: bad argument #5 to 'move' (table expected, got KIND) for boolean number string function thread FILE*",
  },
  ["table.remove({}, 1)"] = {
    "x:1: bad argument #1 to 'remove' (table expected, got KIND) for nil boolean number string function thread FILE* no value",
    "x:1: bad argument #2 to 'remove' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["table.sort({}, NOTHING)"] = {
    "x:1: bad argument #1 to 'sort' (table expected, got KIND) for nil boolean number string function thread FILE* no value",
    "",
  },
  ["table.unpack({}, 1, 1)"] = {
    "",
    "x:1: bad argument #2 to 'unpack' (number expected, got KIND) for boolean string table function thread FILE*",
    "x:1: bad argument #3 to 'unpack' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["math.abs(1)"] = {
    "x:1: bad argument #1 to 'abs' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.acos(1)"] = {
    "x:1: bad argument #1 to 'acos' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.asin(1)"] = {
    "x:1: bad argument #1 to 'asin' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.atan(1, 1)"] = {
    "x:1: bad argument #1 to 'atan' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "x:1: bad argument #2 to 'atan' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["math.ceil(1)"] = {
    "x:1: bad argument #1 to 'ceil' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.cos(1)"] = {
    "x:1: bad argument #1 to 'cos' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.deg(1)"] = {
    "x:1: bad argument #1 to 'deg' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.exp(1)"] = {
    "x:1: bad argument #1 to 'exp' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.floor(1)"] = {
    "x:1: bad argument #1 to 'floor' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.fmod(1, 1)"] = {
    "x:1: bad argument #1 to 'fmod' (number expected, got KIND) for nil boolean string table function thread FILE*",
    "x:1: bad argument #2 to 'fmod' (number expected, got KIND) for nil boolean string table function thread FILE*",
  },
  ["math.log(1, 1)"] = {
    "x:1: bad argument #1 to 'log' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "x:1: bad argument #2 to 'log' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["math.max(1, 1)"] = {
    "x:1: bad argument #1 to 'max' (value expected) for no value",
    "",
  },
  ["math.min(1, 1)"] = {
    "x:1: bad argument #1 to 'min' (value expected) for no value",
    "",
  },
  ["math.modf(1)"] = {
    "x:1: bad argument #1 to 'modf' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.rad(1)"] = {
    "x:1: bad argument #1 to 'rad' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.random(1, 1)"] = {
    "x:1: bad argument #1 to 'random' (number expected, got KIND) for nil boolean string table function thread FILE*",
    "x:1: bad argument #2 to 'random' (number expected, got KIND) for nil boolean string table function thread FILE*",
  },
  ["math.randomseed(1, 1)"] = {
    "x:1: bad argument #1 to 'randomseed' (number expected, got KIND) for nil boolean string table function thread FILE*",
    "x:1: bad argument #2 to 'randomseed' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["math.sin(1)"] = {
    "x:1: bad argument #1 to 'sin' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.sqrt(1)"] = {
    "x:1: bad argument #1 to 'sqrt' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.tan(1)"] = {
    "x:1: bad argument #1 to 'tan' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["math.tointeger(1)"] = {
    "x:1: bad argument #1 to 'tointeger' (value expected) for no value",
  },
  ["math.type(1)"] = {
    "x:1: bad argument #1 to 'type' (value expected) for no value",
  },
  ["math.ult(1, 1)"] = {
    "x:1: bad argument #1 to 'ult' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "x:1: bad argument #2 to 'ult' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["utf8.char(1, 1)"] = {
    "x:1: bad argument #1 to 'char' (number expected, got KIND) for nil boolean string table function thread FILE*",
    "x:1: bad argument #2 to 'char' (number expected, got KIND) for nil boolean string table function thread FILE*",
  },
  ["utf8.codepoint('x', 1, 1, true)"] = {
    "x:1: bad argument #1 to 'codepoint' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'codepoint' (number expected, got KIND) for boolean string table function thread FILE*",
    "x:1: bad argument #3 to 'codepoint' (number expected, got KIND) for boolean string table function thread FILE*",
    "",
  },
  ["utf8.codes('x', true)"] = {
    "x:1: bad argument #1 to 'codes' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "",
  },
  ["utf8.len('x', 1, 1, true)"] = {
    "x:1: bad argument #1 to 'len' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'len' (number expected, got KIND) for boolean string table function thread FILE*",
    "x:1: bad argument #3 to 'len' (number expected, got KIND) for boolean string table function thread FILE*",
    "",
  },
  ["utf8.offset('x', 1, 1)"] = {
    "x:1: bad argument #1 to 'offset' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'offset' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "x:1: bad argument #3 to 'offset' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["io.close(FILE)"] = {
    "x:1: bad argument #1 to 'close' (FILE* expected, got KIND) for nil boolean number string table function thread",
  },
  ["io.input('/x')"] = {
    "x:1: bad argument #1 to 'input' (FILE* expected, got KIND) for boolean table function thread",
  },
  ["io.lines('/x', 'l')"] = {
    "x:1: bad argument #1 to 'lines' (string expected, got KIND) for boolean table function thread",
    "",
  },
  ["io.open('/x', 'r')"] = {
    "x:1: bad argument #1 to 'open' (string expected, got KIND) for nil boolean table function thread no value",
    "x:1: bad argument #2 to 'open' (invalid mode) for number string; x:1: bad argument #2 to 'open' (string expected, got KIND) for boolean table function thread",
  },
  ["io.output('/x')"] = {
    "x:1: bad argument #1 to 'output' (FILE* expected, got KIND) for boolean table function thread",
  },
  ["io.type(FILE)"] = {
    "x:1: bad argument #1 to 'type' (value expected) for no value",
  },
  ["io.read('l', 'l')"] = {
    "x:1: bad argument #1 to 'read' (invalid format) for string; x:1: bad argument #1 to 'read' (string expected, got KIND) for nil boolean table function thread",
    "",
  },
  ["io.write('', '')"] = {
    "x:1: bad argument #1 to 'write' (string expected, got KIND) for nil boolean table function thread",
    "x:1: bad argument #2 to 'write' (string expected, got KIND) for nil boolean table function thread",
  },
  ["os.date('x', 1)"] = {
    "x:1: bad argument #1 to 'date' (string expected, got KIND) for boolean table function thread FILE*",
    "x:1: bad argument #2 to 'date' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["os.difftime(1, 1)"] = {
    "x:1: bad argument #1 to 'difftime' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "x:1: bad argument #2 to 'difftime' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["os.getenv('x')"] = {
    "x:1: bad argument #1 to 'getenv' (string expected, got KIND) for nil boolean table function thread FILE* no value",
  },
  ["os.remove('/x')"] = {
    "x:1: bad argument #1 to 'remove' (string expected, got KIND) for nil boolean table function thread FILE* no value",
  },
  ["os.rename('/x', '/x')"] = {
    "x:1: bad argument #1 to 'rename' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'rename' (string expected, got KIND) for nil boolean table function thread FILE* no value",
  },
  ["os.setlocale('x', 'all')"] = {
    "x:1: bad argument #1 to 'setlocale' (string expected, got KIND) for boolean table function thread FILE*",
    "x:1: bad argument #2 to 'setlocale' (invalid option '/x') for string; x:1: bad argument #2 to 'setlocale' (invalid option '1') for number; x:1: bad argument #2 to 'setlocale' (string expected, got KIND) for boolean table function thread FILE*",
  },
  ["os.time({ year = 1, month = 1, day = 1 })"] = {
    "x:1: bad argument #1 to 'time' (table expected, got KIND) for boolean number string function thread FILE*",
  },
  ["debug.traceback('x', 1)"] = {
    "",
    "x:1: bad argument #2 to 'traceback' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["debug.getinfo(NOTHING, 'S')"] = {
    "x:1: bad argument #1 to 'getinfo' (number expected, got KIND) for nil boolean string table FILE* no value; x:1: bad argument #2 to 'getinfo' (number expected, got string) for thread",
    "x:1: bad argument #2 to 'getinfo' (invalid option) for number string; x:1: bad argument #2 to 'getinfo' (string expected, got KIND) for boolean table function thread FILE*",
  },
  ["debug.getlocal(1, 1)"] = {
    "x:1: bad argument #1 to 'getlocal' (number expected, got KIND) for nil boolean string table FILE*; x:1: bad argument #2 to 'getlocal' (number expected, got KIND) for no value; x:1: bad argument #3 to 'getlocal' (number expected, got no value) for thread",
    "x:1: bad argument #2 to 'getlocal' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["debug.setlocal(1, 99, 1)"] = {
    "x:1: bad argument #1 to 'setlocal' (number expected, got KIND) for nil boolean string table function FILE* no value; x:1: bad argument #2 to 'setlocal' (level out of range) for thread",
    "x:1: bad argument #2 to 'setlocal' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "x:1: bad argument #3 to 'setlocal' (value expected) for no value",
  },
  ["debug.getupvalue(NOTHING, 9)"] = {
    "x:1: bad argument #1 to 'getupvalue' (function expected, got KIND) for nil boolean number string table thread FILE*; x:1: bad argument #2 to 'getupvalue' (number expected, got KIND) for no value",
    "x:1: bad argument #2 to 'getupvalue' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["debug.setupvalue(NOTHING, 9, 1)"] = {
    "x:1: bad argument #1 to 'setupvalue' (function expected, got KIND) for nil boolean number string table thread FILE*; x:1: bad argument #3 to 'setupvalue' (value expected) for no value",
    "x:1: bad argument #2 to 'setupvalue' (number expected, got KIND) for nil boolean string table function thread FILE*; x:1: bad argument #3 to 'setupvalue' (value expected) for no value",
    "x:1: bad argument #3 to 'setupvalue' (value expected) for no value",
  },
  ["debug.upvalueid(NOTHING, 9)"] = {
    "x:1: bad argument #1 to 'upvalueid' (function expected, got KIND) for nil boolean number string table thread FILE*; x:1: bad argument #2 to 'upvalueid' (number expected, got KIND) for no value",
    "x:1: bad argument #2 to 'upvalueid' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["debug.upvaluejoin(NOTHING, 9, NOTHING, 9)"] = {
    "x:1: bad argument #1 to 'upvaluejoin' (function expected, got KIND) for nil boolean number string table thread FILE*; x:1: bad argument #2 to 'upvaluejoin' (invalid upvalue index) for function; x:1: bad argument #2 to 'upvaluejoin' (number expected, got KIND) for no value",
    "x:1: bad argument #2 to 'upvaluejoin' (invalid upvalue index) for number; x:1: bad argument #2 to 'upvaluejoin' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
    "x:1: bad argument #2 to 'upvaluejoin' (invalid upvalue index) for nil boolean number string table function thread FILE* no value",
    "x:1: bad argument #2 to 'upvaluejoin' (invalid upvalue index) for nil boolean number string table function thread FILE* no value",
  },
  ["debug.getmetatable({})"] = {
    "x:1: bad argument #1 to 'getmetatable' (value expected) for no value",
  },
  ["debug.getuservalue({}, 1)"] = {
    "",
    "x:1: bad argument #2 to 'getuservalue' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["debug.setuservalue(FILE, 1, 1)"] = {
    "x:1: bad argument #1 to 'setuservalue' (userdata expected, got KIND) for nil boolean number string table function thread no value",
    "x:1: bad argument #2 to 'setuservalue' (value expected) for no value",
    "x:1: bad argument #3 to 'setuservalue' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["debug.setcstacklimit(200)"] = {
    "x:1: bad argument #1 to 'setcstacklimit' (number expected, got KIND) for nil boolean string table function thread FILE* no value",
  },
  ["package.searchpath('x', 'x', 'x', 'x')"] = {
    "x:1: bad argument #1 to 'searchpath' (string expected, got KIND) for nil boolean table function thread FILE*; x:1: bad argument #2 to 'searchpath' (string expected, got KIND) for no value",
    "x:1: bad argument #2 to 'searchpath' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #3 to 'searchpath' (string expected, got KIND) for boolean table function thread FILE*",
    "x:1: bad argument #4 to 'searchpath' (string expected, got KIND) for boolean table function thread FILE*",
  },
  ["FILE:close()"] = {
  },
  ["FILE:flush()"] = {
  },
  ["FILE:lines('l')"] = {
    "",
  },
  ["FILE:read('l')"] = {
    "x:1: bad argument #1 to 'read' (invalid format) for string; x:1: bad argument #1 to 'read' (string expected, got KIND) for nil boolean table function thread FILE*",
  },
  ["FILE:seek('set', 0)"] = {
    "x:1: bad argument #1 to 'seek' (invalid option '/x') for string; x:1: bad argument #1 to 'seek' (invalid option '1') for number; x:1: bad argument #1 to 'seek' (string expected, got KIND) for boolean table function thread FILE*",
    "x:1: bad argument #2 to 'seek' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["FILE:setvbuf('no', 1)"] = {
    "x:1: bad argument #1 to 'setvbuf' (invalid option '/x') for string; x:1: bad argument #1 to 'setvbuf' (invalid option '1') for number; x:1: bad argument #1 to 'setvbuf' (string expected, got KIND) for nil boolean table function thread FILE* no value",
    "x:1: bad argument #2 to 'setvbuf' (number expected, got KIND) for boolean string table function thread FILE*",
  },
  ["FILE:write('x')"] = {
    "x:1: bad argument #1 to 'write' (string expected, got KIND) for nil boolean table function thread FILE*",
  },
}
