//! The globals of a Lua process, as the process itself lists them.

use std::collections::BTreeSet;

use warren_tests::Program;

/// Prints the path and the type of everything that can be reached from the
/// globals, and from some modules, through tables, tables themselves left out.
const WALK: &str = r#"
local seen = { [_G] = true, [package.loaded] = true, [package.preload] = true, [package.searchers] = true }
local function walk(prefix, library)
  for name, value in pairs(library) do
    local path = prefix .. name
    if type(value) ~= "table" then
      print(type(value), path)
    elseif not seen[value] then
      seen[value] = true
      walk(path .. ".", value)
    end
  end
end
walk("", _G)
-- Modules on the same page that are no globals.
for _, name in ipairs { "assert", "test" } do
  walk(name .. ".", require(name))
end
"#;

/// The globals, by path.
#[derive(Default)]
pub(crate) struct Globals {
    pub(crate) functions: BTreeSet<String>,
    /// Everything else except tables.
    pub(crate) values: BTreeSet<String>,
}

/// Asks a process.
///
/// # Panics
/// The process does not answer.
pub(crate) fn read() -> Globals {
    let outcome = Program::lua(WALK).run().ends_with(0);
    let mut globals = Globals::default();
    for line in outcome.text().lines() {
        let Some((kind, path)) = line.split_once('\t') else {
            panic!("no tab in {line:?}");
        };
        let paths = match kind {
            "function" => &mut globals.functions,
            _ => &mut globals.values,
        };
        paths.insert(path.to_owned());
    }
    globals
}
