-- The modules of Penlight that need no files, by what its manual says of them.
local List, Map, OrderedMap, MultiMap, Set = require("pl.List"), require("pl.Map"), require("pl.OrderedMap"), require("pl.MultiMap"), require("pl.Set")
local tablex, stringx, seq, pretty = require("pl.tablex"), require("pl.stringx"), require("pl.seq"), require("pl.pretty")

local list = List { 10, 20, 30 }
print(list:append(40), list:map("*", 2), list:filter(function(x) return x > 15 end), list:reduce("+"))
print(list:slice(2, 3), list:index(30), list:contains(5), list:reverse(), list .. List { 1 }, List.range(1, 5), list:minmax())
print(List.split("one two three"):map(string.upper):join(","), List { 3, 1, 2 }:sorted(), List { 1, 1, 2 }:count(1))

local set = Set { 1, 2, 3 }
print(Set.values(set * Set { 2, 3, 4 }):sort(), set < Set { 1, 2, 3, 4 }, #Set.values(set + Set { 9 }), Set.isdisjoint(set, Set { 7 }))
local ordered = OrderedMap()
ordered:set("z", 1)
ordered:set("a", 2)
print(ordered, ordered:keys(), ordered:values())
local many = MultiMap()
many:set("k", 1)
many:set("k", 2)
print(List(many.k), Map { a = 1 } == Map { a = 1 })

print(pretty.write({ 1, { "two" }, three = { 3 } }), pretty.write({ x = "a\nb" }, ""), pretty.number(123456, "N", 1))
print(pretty.read("{ 1, x = 'y' }").x, pretty.read("{ os.exit() }"))
print(tablex.deepcompare({ 1, { 2 } }, { 1, { 2 } }), tablex.find({ 5, 6 }, 6), tablex.size { a = 1, b = 2 })
print(List(tablex.map("+", { 1, 2 }, 10)), List(tablex.map2("*", { 1, 2 }, { 3, 4 })), List(tablex.sortv({ c = 3 })() and { "sorted" }))
for key, value in tablex.sort { b = 2, a = 1 } do print(key, value) end
print(pretty.write(tablex.merge({ a = 1, b = 2 }, { b = 3, c = 4 }), ""), List(tablex.zip({ 1, 2 }, { 3, 4 })[1]))
local copy = tablex.deepcopy { inner = { 1, 2 } }
print(copy.inner[2], tablex.compare({ 1 }, { 1 }, "=="), pretty.write(tablex.index_map { "x", "y" }, "") ~= nil)

print(stringx.split("a,b,,c", ","), stringx.strip("  x "), stringx.center("x", 5, "-"), stringx.startswith("abc", "ab"))
print(stringx.partition("a=b=c", "="), stringx.rpartition("a=b=c", "="), stringx.count("banana", "an"), stringx.title("the end"))
print(stringx.expandtabs("a\tb", 4), stringx.replace("aaa", "a", "b", 2), stringx.isalpha("abc"), stringx.lines("x\ny")())
print(stringx.wrap("The quick brown fox jumps over the lazy dog", 12), stringx.dedent("  a\n    b\n"), stringx.shorten("a long text", 8))
print(require("pl.text").format_operator and "", require("pl.text").indent("a\nb", 2))

local operator_gt = require("pl.operator").gt
print(seq(seq.range(1, 5)):map("*", 2):sum(), seq.copy(seq.filter(seq.list { 1, 2, 3 }, operator_gt, 1)), seq { 3, 1 }:sort():copy())
print(List(seq.copy2(ipairs { "a" })[1]), seq.reduce("..", { "a", "b" }), seq.take({ 1, 2, 3 }, 2)())
local comp = require("pl.comprehension").new()
print(List(comp "x^2 for x=1,4" ()), comp "sum(x for x)" { 1, 2, 3 })

local class = require("pl.class")
local Animal = class()
function Animal:_init(name) self.name = name end
function Animal:__tostring() return self.name .. ": " .. self:speak() end
class.Dog(Animal)
function Dog:speak() return "bark" end
class.Cat(Animal)
function Cat:_init(name, breed) self:super(name) self.breed = breed end
function Cat:speak() return "meow" end
local felix = Cat("Felix", "Tabby")
print(Dog("Fido"), felix, felix.breed, felix:is_a(Animal), felix:is_a(Dog), Dog:class_of(felix), Cat._base == Animal)

local sip, lexer, template = require("pl.sip"), require("pl.lexer"), require("pl.template")
local fields = {}
print(sip.match("$v{key} = $d{value}", "width = 12", fields), fields.key, fields.value)
local tokens = {}
for kind, value in lexer.lua("local x = 1 -- note\nreturn 'y'") do tokens[#tokens + 1] = kind .. ":" .. tostring(value) end
print(table.concat(tokens, " "))
print(template.substitute("# for i = 1, 2 do\nline $(i)\n# end\n"))
print(require("pl.text").Template("${a} and $b"):substitute { a = 1, b = 2 })

local data, array2d, permute = require("pl.data"), require("pl.array2d"), require("pl.permute")
local read = data.read(require("pl.stringio").open("name,age\nann,30\nbob,25\n"))
print(read.fieldnames, List(read:column_by_name "age"), data.query and #read)
print(pretty.write(array2d.map("*", { { 1, 2 }, { 3, 4 } }, 2), ""), array2d.size { { 1, 2 }, { 3, 4 } })
for p in permute.order_iter { 1, 2, 3 } do io.write(table.concat(p, ""), " ") end
print()
local config = require("pl.config").read(require("pl.stringio").open("# note\nport = 80\nhosts = a,b\n[part]\non = true\n"))
print(config.port, List(config.hosts), config.part.on)
local lapp = require("pl.lapp")
local args = lapp.process_options_string("Does things\n -n,--count (default 3) how often\n -v verbose\n <name> (string)\n", { "-v", "-n", "5", "me" })
print(args.count, args.v, args.name)
local xml = require("pl.xml")
local doc = xml.parse("<a x='1'><b>text</b><c/></a>")
print(doc, doc:child_with_name("b"):get_text(), doc.attr.x, xml.tostring(doc, "", "  "))
local url, types, utils, operator, func =
  require("pl.url"), require("pl.types"), require("pl.utils"), require("pl.operator"), require("pl.func")
print(url.quote("a b&c"), url.unquote("a%20b"), types.is_callable(print), types.type(io.stdout), types.is_integer(3.0), types.is_empty({}))
print(utils.split("a b c", " ", true, 2)[2], utils.string_lambda "|x| x + 1" (2), utils.escape("a.b"), operator.add(1, 2), func.bind1(operator.sub, 5)(2))
print(pcall(utils.assert_arg, 1, "x", "number"), utils.memoize(function(x) return x * 2 end)(4), utils.choose(false, 1, 2))
local Date = require("pl.Date")
local date = Date { year = 2024, month = 2, day = 28, hour = 12 }
print(date:add { day = 2 }:month(), Date.Format("yyyy-mm-dd"):tostring(Date { year = 2024, month = 3, day = 1 }), date:is_weekend())
print(require("pl.luabalanced").match_bracketed("(a(b))c", 1), require("pl.input").alltext and "input")
local guarded = require("pl.strict").module("guarded", { known = 1 })
print(guarded.known, pcall(function() return guarded.unknown end))
