-- sql.builder: statements from parts. A `?` stands for a value, and `??` for a question mark.

local native, builder = ...
local object, state = native.object, native.state
local public, wrong = native.public, native.bad_argument
local kept = native.kept
local type, next, select, tointeger = kept.type, kept.next, kept.select, kept.tointeger
local find, sub, byte, concat, sort = kept.find, kept.sub, kept.byte, kept.concat, kept.sort
local invalid, null = kept.invalid, kept.null
-- Filled by this look at it; a program may reach its part first.
local _ = native.sql.NULL
local NULL, runner_of = native.sql_null, native.sql_runner

builder.question, builder.dollar, builder.at, builder.colon = "question", "dollar", "at", "colon"
local MARKS = { question = false, dollar = "$", at = "@p", colon = ":" }

-- A part of a statement: its text, in which `?` stand for its values, and these; or, in `why`,
-- the reason why there is none. `loose` texts have an OR that others must not tear apart.
local conditions = { __name = "sql_condition", __metatable = "sql_condition" }
local executors = { __name = "sql_executor", __metatable = "sql_executor" }
local of_condition, of_executor = {}, {}
conditions.__index, executors.__index = of_condition, of_executor

local function class_of(name)
  return { __name = name, __metatable = name, __index = {} }
end

local selects, inserts = class_of("sql_select"), class_of("sql_insert")
local updates, deletes = class_of("sql_update"), class_of("sql_delete")
local CLASSES = { selects, inserts, updates, deletes }

local built

-- The part that an object of this library is; nothing for another value.
local function part_of(value)
  if type(value) ~= "userdata" then
    return nil
  end
  local part = state(value, conditions)
  for place = 1, part and 0 or 4 do
    local self = state(value, CLASSES[place])
    if self then
      return built(self)
    end
  end
  return part
end

-- A part that is written piece by piece.
local function writer()
  return { pieces = {}, args = {}, count = 0 }
end

local function put(w, text)
  w.pieces[#w.pieces + 1] = text
end

local function put_value(w, value)
  w.count = w.count + 1
  w.args[w.count] = value == nil and NULL or value
end

local function put_part(w, part, is_apart)
  w.why = w.why or part.why
  if part.why then
    return
  end
  put(w, is_apart and part.loose and "(" .. part.text .. ")" or part.text)
  for place = 1, part.count do
    put_value(w, part.args[place])
  end
end

-- Texts and parts, with a text between them: AND and OR tear no condition apart.
local function put_list(w, list, between)
  local is_apart = #list > 1 and (between == " AND " or between == " OR ")
  for place = 1, #list do
    if place > 1 then
      put(w, between)
    end
    local item = list[place]
    if type(item) == "string" then
      put(w, item)
    else
      put_part(w, item, is_apart)
    end
  end
end

local function written(w)
  if w.why then
    return { why = w.why }
  end
  return { text = concat(w.pieces), args = w.args, count = w.count }
end

-- The part of a text with values; parts among them take the places of their marks.
local function expanded(text, ...)
  local w, given = writer(), select("#", ...)
  local values = { ... }
  local place, from = 0, 1
  while true do
    local at = find(text, "?", from, true)
    if not at then
      break
    elseif byte(text, at + 1) == 63 then
      put(w, sub(text, from, at + 1))
      from = at + 2
    else
      place = place + 1
      local part = part_of(values[place])
      put(w, sub(text, from, at - 1))
      if part then
        put_part(w, part)
      else
        put(w, "?")
        put_value(w, values[place])
      end
      from = at + 1
    end
  end
  put(w, sub(text, from))
  if place ~= given then
    return { why = "the text has " .. place .. " placeholders and " .. given .. " values" }
  end
  local part = written(w)
  part.loose = find(text, "%f[%w_][oO][rR]%f[^%w_]") ~= nil
  return part
end

-- The text with the placeholders of a database.
local function placed(text, mark)
  local pieces, from, count = {}, 1, 0
  while true do
    local at = find(text, "?", from, true)
    if not at then
      break
    elseif byte(text, at + 1) == 63 then
      pieces[#pieces + 1] = sub(text, from, at)
      from = at + 2
    else
      count = count + 1
      pieces[#pieces + 1] = sub(text, from, at - 1) .. (mark and mark .. count or "?")
      from = at + 1
    end
  end
  pieces[#pieces + 1] = sub(text, from)
  return concat(pieces)
end

-- The keys of a table of columns, in order; or nothing.
local function columns_of(t)
  local names = {}
  for name in next, t do
    if type(name) ~= "string" then
      return nil
    end
    names[#names + 1] = name
  end
  sort(names)
  return names
end

local COLUMNS <const> = "the keys of the table are names of columns"

-- Comparisons of columns with values, joined by AND. `null_word` and `list_word` stand for
-- NULL and before lists, where the comparison has them, and `nothing` for an empty list.
local function compared(t, operator, null_word, list_word, nothing)
  local names = columns_of(t)
  if not names then
    return { why = COLUMNS }
  end
  local w = writer()
  for place = 1, #names do
    local name = names[place]
    local value = t[name]
    local part = part_of(value)
    put(w, place > 1 and " AND " or "")
    if value == NULL or value == null then
      if not null_word then
        return { why = name .. " is compared with NULL, which is true for no row" }
      end
      put(w, name .. null_word)
    elseif part and not state(value, conditions) then
      if not list_word then
        return { why = name .. " is compared with rows" }
      end
      put(w, name .. list_word .. "(")
      put_part(w, part)
      put(w, ")")
    elseif part then
      put(w, name .. operator)
      put_part(w, part)
    elseif type(value) == "table" then
      if not list_word or columns_of(value) and next(value) ~= nil then
        return { why = name .. " is compared with a table" }
      elseif value[1] == nil then
        put(w, nothing)
      else
        local count = 0
        while value[count + 1] ~= nil do
          count = count + 1
          put(w, count == 1 and name .. list_word .. "(?" or ",?")
          put_value(w, value[count])
        end
        put(w, ")")
      end
    else
      put(w, name .. operator .. "?")
      put_value(w, value)
    end
  end
  if #names == 0 then
    put(w, "(1=1)")
  end
  return written(w)
end

local function equal(t)
  return compared(t, " = ", " IS NULL", " IN ", "(1=0)")
end

-- The condition that an argument is; or nothing and why there is none.
local function condition(place, name, pred, ...)
  local part
  if pred == nil then
    return nil, "the condition is missing"
  elseif type(pred) == "string" then
    part = expanded(pred, ...)
  elseif type(pred) == "table" then
    part = equal(pred)
  else
    part = state(pred, conditions) or wrong(place, name, "string or table", pred)
  end
  if part.why then
    return nil, part.why
  end
  return part
end

-- Makes a function that makes a condition of a table.
local function of_table(name, make)
  builder[name] = public(function(t)
    if t == nil then
      return invalid("the table is missing")
    elseif type(t) ~= "table" then
      wrong(1, name, "table", t)
    end
    local part = make(t)
    if part.why then
      return invalid(part.why)
    end
    return object(conditions, part)
  end)
end

of_table("eq", equal)
of_table("not_eq", function(t)
  return compared(t, " <> ", " IS NOT NULL", " NOT IN ", "(1=1)")
end)
for name, operator in next, {
  lt = " < ", lte = " <= ", gt = " > ", gte = " >= ", like = " LIKE ", not_like = " NOT LIKE ",
} do
  of_table(name, function(t)
    return compared(t, operator)
  end)
end
for name, joint in next, { and_ = { " AND ", "(1=1)" }, or_ = { " OR ", "(1=0)" } } do
  of_table(name, function(t)
    local list = {}
    for place = 1, #t do
      local item = t[place]
      local part = type(item) == "table" and equal(item) or type(item) == "userdata" and state(item, conditions)
      if not part then
        return { why = "the list has conditions and tables" }
      end
      list[place] = part
    end
    local w = writer()
    if #list == 0 then
      put(w, joint[2])
    else
      put(w, "(")
      put_list(w, list, joint[1])
      put(w, ")")
    end
    return written(w)
  end)
end

builder.expr = public(function(text, ...)
  if text == nil then
    return invalid("the text is missing")
  elseif type(text) ~= "string" then
    wrong(1, "expr", "string", text)
  end
  local part = expanded(text, ...)
  if part.why then
    return invalid(part.why)
  end
  return object(conditions, part)
end)

-- The text and the list of values of a part.
local function sql_of(part, mark)
  if part.why then
    return invalid(part.why)
  end
  local args = {}
  for place = 1, part.count do
    args[place] = part.args[place]
  end
  return placed(part.text, mark), args
end

function of_condition.to_sql(value)
  return sql_of(state(value, conditions) or wrong(1, "to_sql", "sql_condition", value))
end

-- Texts before and behind a statement, and its clauses.
local function put_clause(w, word, list, between)
  if list then
    put(w, word)
    put_list(w, list, between)
  end
end

local function put_order(w, self)
  put_clause(w, " ORDER BY ", self.orders, ", ")
  put(w, self.limit and " LIMIT " .. self.limit or "")
  put(w, self.offset and " OFFSET " .. self.offset or "")
  put_clause(w, " ", self.suffixes, " ")
end

local WRITE = {
  select = function(w, self)
    put(w, self.is_distinct and "SELECT DISTINCT " or "SELECT ")
    put_list(w, self.columns or {}, ", ")
    w.why = w.why or not self.columns and "the query has no columns" or nil
    put(w, self.table and " FROM " .. self.table or "")
    put_clause(w, " ", self.joins, " ")
    put_clause(w, " WHERE ", self.wheres, " AND ")
    put_clause(w, " GROUP BY ", self.groups, ", ")
    put_clause(w, " HAVING ", self.havings, " AND ")
    put_order(w, self)
  end,
  insert = function(w, self)
    local rows = self.rows
    if self.prefixes then
      put_list(w, self.prefixes, " ")
      put(w, " ")
    end
    put(w, "INSERT ")
    put(w, self.options and concat(self.options, " ") .. " " or "")
    put(w, "INTO " .. self.table)
    put(w, self.columns and " (" .. concat(self.columns, ",") .. ")" or "")
    if self.query then
      put(w, " ")
      put_part(w, self.query)
    elseif not rows then
      w.why = w.why or "the insertion has no values"
    end
    for place = 1, not self.query and rows and #rows or 0 do
      local row = rows[place]
      put(w, place == 1 and " VALUES (" or ",(")
      for field = 1, row.count do
        put(w, field > 1 and "," or "")
        local part = part_of(row[field])
        if part then
          put_part(w, part)
        else
          put(w, "?")
          put_value(w, row[field])
        end
      end
      put(w, ")")
      if self.columns and row.count ~= #self.columns then
        w.why = w.why or "a row has " .. row.count .. " values for " .. #self.columns .. " columns"
      end
    end
    put_clause(w, " ", self.suffixes, " ")
  end,
  update = function(w, self)
    put(w, "UPDATE " .. self.table .. " SET ")
    w.why = w.why or not self.sets and "the update sets no column" or nil
    for place = 1, self.sets and #self.sets or 0 do
      local set = self.sets[place]
      put(w, place > 1 and ", " or "")
      put(w, set[1] .. " = ")
      local part = part_of(set[2])
      if part then
        put(w, state(set[2], selects) and "(" or "")
        put_part(w, part)
        put(w, state(set[2], selects) and ")" or "")
      else
        put(w, "?")
        put_value(w, set[2])
      end
    end
    put(w, self.from and " FROM " .. self.from or "")
    put_clause(w, " WHERE ", self.wheres, " AND ")
    put_order(w, self)
  end,
  delete = function(w, self)
    put(w, "DELETE FROM " .. self.table)
    put_clause(w, " WHERE ", self.wheres, " AND ")
    put_order(w, self)
  end,
}

function built(self)
  if not self.table and self.kind ~= "select" then
    return { why = "the statement has no table" }
  end
  local w = writer()
  WRITE[self.kind](w, self)
  return written(w)
end

-- Adds to the list of a builder, in place of which there is a new one.
local function append(self, field, item)
  local list, before = {}, self[field] or {}
  for place = 1, #before do
    list[place] = before[place]
  end
  list[#list + 1] = item
  self[field] = list
end

-- Adds a method to classes: `change` changes the state of a new builder, and returns why it
-- does not.
local function method(classes, name, change)
  for place = 1, #classes do
    local class = classes[place]
    class.__index[name] = public(function(b, ...)
      local self = state(b, class) or wrong(1, name, class.__name, b)
      local new = {}
      for field, value in next, self do
        new[field] = value
      end
      local why = change(new, ...)
      if why then
        return invalid(why)
      end
      return object(class, new)
    end)
  end
end

-- Raises for another value than a text, and returns why there is none.
local function check_text(place, name, what, text)
  if text == nil then
    return what .. " is missing"
  elseif type(text) ~= "string" then
    wrong(place, name, "string", text)
  end
end

local function sets_text(classes, name, field)
  method(classes, name, function(self, text)
    local why = check_text(2, name, "the table", text)
    self[field] = text
    return why
  end)
end

-- Texts, and parts where `with_parts` allows them.
local function appends_texts(classes, name, field, with_parts)
  method(classes, name, function(self, ...)
    for place = 1, select("#", ...) do
      local item = select(place, ...)
      local part = with_parts and part_of(item)
      if part and part.why then
        return part.why
      elseif not part then
        local why = check_text(place + 1, name, "a text", item)
        if why then
          return why
        end
      end
      append(self, field, part or item)
    end
  end)
end

local function appends_part(classes, name, field, lead)
  method(classes, name, function(self, text, ...)
    local why = check_text(2, name, "the text", text)
    if why then
      return why
    end
    local part = expanded(text, ...)
    if part.why then
      return part.why
    end
    append(self, field, { text = lead .. part.text, args = part.args, count = part.count })
  end)
end

local function appends_condition(classes, name, field)
  method(classes, name, function(self, pred, ...)
    local part, why = condition(2, name, pred, ...)
    if not part then
      return why
    end
    append(self, field, part)
  end)
end

local function sets_number(classes, name)
  method(classes, name, function(self, n)
    if n == nil then
      return "n is missing"
    elseif type(n) ~= "number" then
      wrong(2, name, "number", n)
    end
    local whole = tointeger(n)
    if not whole or whole < 0 then
      return "n is no whole number from 0 on"
    end
    self[name] = whole
  end)
end

sets_text({ selects, deletes }, "from", "table")
sets_text({ updates }, "from", "from")
sets_text({ inserts }, "into", "table")
sets_text({ updates }, "table", "table")
appends_texts({ selects }, "columns", "columns", true)
appends_texts({ inserts }, "columns", "columns")
appends_texts({ selects }, "group_by", "groups", true)
appends_texts({ selects, updates, deletes }, "order_by", "orders", true)
appends_texts({ inserts }, "options", "options")
for name, words in next, {
  join = "JOIN ", left_join = "LEFT JOIN ", right_join = "RIGHT JOIN ", inner_join = "INNER JOIN ",
} do
  appends_part({ selects }, name, "joins", words)
end
appends_part(CLASSES, "suffix", "suffixes", "")
appends_part({ inserts }, "prefix", "prefixes", "")
appends_condition({ selects, updates, deletes }, "where", "wheres")
appends_condition({ selects }, "having", "havings")
sets_number({ selects, updates, deletes }, "limit")
sets_number({ selects }, "offset")
method({ selects }, "distinct", function(self)
  self.is_distinct = true
end)

method({ inserts }, "values", function(self, ...)
  append(self, "rows", { count = select("#", ...), ... })
end)

method({ inserts }, "select", function(self, query)
  if query == nil then
    return "the query is missing"
  elseif not state(query, selects) then
    wrong(2, "select", "sql_select", query)
  end
  self.query = part_of(query)
  return self.query.why
end)

-- The columns of a map, in order; or nothing and why there are none.
local function map_of(map)
  if map == nil then
    return nil, "the table is missing"
  elseif type(map) ~= "table" then
    wrong(2, "set_map", "table", map)
  end
  local names = columns_of(map)
  return names, COLUMNS
end

method({ inserts }, "set_map", function(self, map)
  local names, why = map_of(map)
  if not names then
    return why
  end
  local row = { count = #names }
  for place = 1, #names do
    row[place] = map[names[place]]
  end
  self.columns, self.rows = names, { row }
end)

method({ updates }, "set_map", function(self, map)
  local names, why = map_of(map)
  if not names then
    return why
  end
  for place = 1, #names do
    append(self, "sets", { names[place], map[names[place]] })
  end
end)

method({ updates }, "set", function(self, column, value)
  local why = check_text(2, "set", "the column", column)
  append(self, "sets", { column, value })
  return why
end)

method(CLASSES, "placeholder_format", function(self, format)
  local why = check_text(2, "placeholder_format", "the format", format)
  if not why and MARKS[format] == nil then
    return "the format is none of question, dollar, at and colon"
  end
  self.format = format
  return why
end)

for place = 1, #CLASSES do
  local class = CLASSES[place]
  local methods = class.__index
  local function self_of(b, name)
    return state(b, class) or wrong(1, name, class.__name, b)
  end

  methods.to_sql = public(function(b)
    local self = self_of(b, "to_sql")
    return sql_of(built(self), MARKS[self.format])
  end)

  methods.run_with = public(function(b, on)
    local self = self_of(b, "run_with")
    if on == nil then
      return invalid("the database is missing")
    end
    local runner = runner_of(on) or wrong(2, "run_with", "sql_database or sql_transaction", on)
    -- Unless the program has chosen another one, the format is that of the database.
    local format = self.format or runner.type == "postgres" and "dollar"
    return object(executors, { runner = runner, part = built(self), mark = MARKS[format] })
  end)

  class.__tostring = public(function(b)
    local self = self_of(b, "tostring")
    local part = built(self)
    return part.why and "sql.Builder{" .. part.why .. "}" or placed(part.text, MARKS[self.format])
  end)
end

for _, name in next, { "query", "exec" } do
  of_executor[name] = public(function(q)
    local self = state(q, executors) or wrong(1, name, "sql_executor", q)
    local text, args = sql_of(self.part, self.mark)
    if not text then
      return nil, args
    end
    local runner = self.runner
    return runner[name](runner.on, text, args)
  end, name == "exec" and "q:exec" or nil)
end

of_executor.to_sql = public(function(q)
  local self = state(q, executors) or wrong(1, "to_sql", "sql_executor", q)
  return sql_of(self.part, self.mark)
end)
of_condition.to_sql = public(of_condition.to_sql)

builder.select = public(function(...)
  local list = {}
  for place = 1, select("#", ...) do
    local item = select(place, ...)
    local part = part_of(item)
    if part and part.why then
      return invalid(part.why)
    elseif not part and type(item) ~= "string" then
      wrong(place, "select", "string", item)
    end
    list[place] = part or item
  end
  return object(selects, { kind = "select", columns = list[1] and list })
end)

for kind, class in next, { insert = inserts, update = updates, delete = deletes } do
  builder[kind] = public(function(name)
    if name ~= nil and type(name) ~= "string" then
      wrong(1, kind, "string", name)
    end
    return object(class, { kind = kind, table = name })
  end)
end
