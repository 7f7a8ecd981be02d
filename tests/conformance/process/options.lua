-- Options are set all together or not at all.
-- shows: P-4, P-5

assert(process.get_options().trap_links == false and process.get_options().upgradable == false)
assert(process.set_options { trap_links = true })
assert(process.get_options().trap_links == true)
assert(process.set_options {})
assert(process.get_options().trap_links == true)

for _, options in ipairs {
  { trap_links = false, unknown = 1 },
  { trap_links = "no" },
  { trap_links = 0 },
  { [1] = true, trap_links = false },
  { trap_links = false, upgradable = 1 },
} do
  local value, err = process.set_options(options)
  assert(value == nil and errors.is(err, errors.INVALID), err)
  assert(process.get_options().trap_links == true)
end

-- One option leaves the other alone.
assert(process.set_options { upgradable = true })
assert(process.get_options().trap_links == true and process.get_options().upgradable == true)
assert(process.set_options { trap_links = false })
assert(process.get_options().trap_links == false and process.get_options().upgradable == true)
assert(process.set_options { trap_links = true, upgradable = false })
assert(process.get_options().trap_links == true and process.get_options().upgradable == false)

-- The table is a copy.
process.get_options().trap_links = false
assert(process.get_options().trap_links == true)
