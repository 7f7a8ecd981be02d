-- `tostring`, `..` and the methods of strings act on the text.
-- shows: R-6
local err = errors.new("no such file")
assert(tostring(err) == "no such file")
assert("error: " .. err == "error: no such file" and err .. "!" == "no such file!")
assert(err:find("such") == 4 and err:match("%w+$") == "file" and err:upper() == "NO SUCH FILE" and err:len() == 12)
assert(#err == 12 and #errors.wrap(err, "ctx") == 17)
assert(errors.wrap(err, "ctx") .. "!" == "ctx: no such file!" and "!" .. errors.wrap(err, "ctx") == "!ctx: no such file")
assert(err:gsub("%w+", string.upper) == "NO SUCH FILE")
local ok, raised = pcall(error, err)
assert(not ok and raised == err)
assert(select(2, pcall(assert, nil, err)) == err)
