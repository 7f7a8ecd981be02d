-- The library `os`, line by line: `stdout.txt` is what `lua5.4` prints in UTC.
-- shows: I-4, I-8
-- options: --write .
local function show(...)
  local shown = {}
  for i = 1, select("#", ...) do
    shown[i] = tostring((select(i, ...)))
  end
  print(table.concat(shown, " | "))
end

local function try(f, ...)
  show(pcall(f, ...))
end

-- Each letter, at times before and after 1970.
for _, at in ipairs { 0, -1, 1, 86399, 951782400, 1704067199, 1709208000, 4102444800, -2208988800, -6857222400, 32503680000 } do
  for letter in ("aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYz%"):gmatch(".") do
    show(at, letter, os.date("!%" .. letter, at), os.date("!%" .. letter, at) == os.date("%" .. letter, at))
  end
  for _, two in ipairs { "Ec", "EC", "Ex", "EX", "Ey", "EY", "Od", "Oe", "OH", "OI", "Om", "OM", "OS", "Ou", "OU", "OV", "Ow", "OW", "Oy" } do
    show(two, os.date("!%" .. two, at))
  end
end
show(os.date("!", 0), os.date("", 0), os.date("!x%%y\0z", 0):byte(1, -1))
show(os.date("!%Y-%m-%dT%H:%M:%SZ", 1e9 // 1 | 0), os.date("!%c", "60"), os.date("!%c", 60.0))
for _, format in ipairs { "%", "%Q", "%E", "%O", "%Ez", "%Oc", "%%%", "%J", "%-d", "%5d", "%\0", "!%" } do
  try(os.date, format, 0)
end
for _, at in ipairs { 1 << 40, -(1 << 40), 1 << 55, 67767976233532799, math.maxinteger, math.mininteger } do
  try(os.date, "!%Y-%m-%d %H:%M:%S", at)
  try(os.date, "!*t", at >> 63 == 0 and math.maxinteger or math.mininteger)
end
try(os.date, "%c", 1.5)
try(os.date, "%c", "x")
try(os.date, "%c", {})
try(os.date, {})
try(os.date, "*t", 2 ^ 70)

local FIELDS = { "year", "month", "day", "hour", "min", "sec", "wday", "yday", "isdst" }
local function fields(t)
  local all = {}
  for i, name in ipairs(FIELDS) do
    all[i] = tostring(t[name])
  end
  return table.concat(all, " ")
end

for _, at in ipairs { 0, -2, 951825599, 1709208000, -62135596800, 253402300799, 1 << 40 } do
  show(at, fields(os.date("!*t", at)), fields(os.date("*t", at)), os.time(os.date("!*t", at)) == at or at)
end

-- Fields that are out of their range are made to fit.
for _, date in ipairs {
  { year = 2024, month = 1, day = 1 },
  { year = 2024, month = 1, day = 1, hour = 0 },
  { year = 2024, month = 2, day = 30 },
  { year = 2023, month = 2, day = 29, hour = 24 },
  { year = 2024, month = 13, day = 1 },
  { year = 2024, month = 0, day = 0, hour = 0, min = 0, sec = 0 },
  { year = 2024, month = -11, day = -30 },
  { year = 2024, month = 14, day = -3, hour = 30, min = -5, sec = 100000 },
  { year = 2024, month = 1, day = 366 },
  { year = 2024, month = 1, day = 100000 },
  { year = 2024, month = 1200, day = 1 },
  { year = 1970, month = 1, day = 1, hour = 0, sec = -2 },
  { year = 1900, month = 1, day = 1 },
  { year = 1, month = 1, day = 1 },
  { year = 0, month = 1, day = 1 },
  { year = -1, month = 1, day = 1 },
  { year = 99999, month = 12, day = 31 },
  { year = 2024, month = 1, day = 1, hour = 12, min = 60, sec = 60 },
  { year = 2024, month = 1, day = 1, hour = 2147483647 },
  { year = 2024, month = 1, day = 1, sec = -2147483648 },
  { year = "2024", month = "0x2", day = 1.0, hour = "12" },
  { year = 2024, month = 1, day = 1, isdst = true },
  { year = 2024, month = 7, day = 1, isdst = false, wday = 1, yday = 1 },
  setmetatable({}, { __index = { year = 2001, month = 2, day = 3 } }),
} do
  show(os.time(date), fields(date))
end
for _, date in ipairs {
  {}, { year = 2024 }, { year = 2024, month = 1 }, { month = 1, day = 1 },
  { year = "x", month = 1, day = 1 }, { year = 2024, month = 1.5, day = 1 }, { year = 2024, month = {}, day = 1 },
  { year = 2024, month = 1, day = true }, { year = 1 << 40, month = 1, day = 1 }, { year = 2024, month = 1, day = 1 << 31 },
  { year = 2024, month = -(1 << 32), day = 1 }, { year = 2024, month = 1, day = 1, sec = 1 << 32 },
  { year = 1969, month = 12, day = 31, hour = 23, min = 59, sec = 59 }, { year = math.maxinteger, month = 1, day = 1 },
  { year = math.mininteger, month = 1, day = 1 }, { year = 2147485548, month = 1, day = 1 }, { year = -2147481749, month = 1, day = 1 },
} do
  try(os.time, date)
end
try(os.time, 5)
try(os.time, "x")
show(math.type(os.time()), os.time() <= os.time(nil))

show(os.difftime(10, 4), os.difftime(4, 10), os.difftime(1 << 53, 0), math.type(os.difftime(1, 1)))
try(os.difftime)
try(os.difftime, 1)
try(os.difftime, 1.5, 1)
try(os.difftime, "x", 1)
show(math.type(os.clock()), os.clock() >= 0)

-- The locale.
show(os.setlocale(), os.setlocale(nil), os.setlocale("C"), os.setlocale("POSIX"), os.setlocale("xx_YY"), os.setlocale("de_DE.UTF-8"))
for _, category in ipairs { "all", "collate", "ctype", "monetary", "numeric", "time" } do
  show(category, os.setlocale(nil, category), os.setlocale("C", category), os.setlocale("klingon", category))
end
try(os.setlocale, "C", "x")
try(os.setlocale, "C", "")
try(os.setlocale, {})
try(os.setlocale, "C", {})

-- Files.
show(os.remove("no-such.txt"))
show(os.remove("no/such.txt"))
show(os.remove(""))
show(os.rename("no-such.txt", "other.txt"))
show(os.rename("", "other.txt"))
try(os.remove)
try(os.remove, {})
try(os.rename, "x")
try(os.rename, {}, "x")
do
  local f = io.open("scratch-a.txt", "w")
  f:write("a")
  f:close()
  show(os.rename("scratch-a.txt", ""))
  show(os.rename("scratch-a.txt", "no/such.txt"))
  show(os.remove("scratch-a.txt/below"))
  io.open("scratch-b.txt", "w"):close()
  show(os.rename("scratch-a.txt", "scratch-b.txt"), io.open("scratch-a.txt"))
  local moved = io.open("scratch-b.txt")
  show(moved:read("a"), moved:close())
  show(os.remove("scratch-b.txt"))
  show(os.remove("scratch-b.txt"))
end

show(os.getenv("no such variable"), os.getenv(""))
try(os.getenv)
try(os.getenv, {})
for _, code in ipairs { {}, "x", 1.5, print } do
  try(os.exit, code)
end
local warned = { pcall(warn), pcall(warn, {}), pcall(warn, "a", nil), pcall(warn, 1, 2) }
show(table.unpack(warned))
