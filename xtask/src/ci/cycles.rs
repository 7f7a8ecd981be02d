//! Cycles of imports: of two modules beside each other, one may use the other, but
//! not each the other, nor round a longer way.
//!
//! Modules are compared with those beside them, on every level of a crate: a file
//! below `a` that uses one below `b` makes `a` use `b`. A module and those below it
//! are one. Paths of `use` and of the code are followed, through re-exports; those
//! in the bodies of macros and in tests are not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, UseTree, Visibility};

use crate::project;

/// The path of a module from the root of its crate.
type Module = Vec<String>;

/// Looks for cycles in every crate.
///
/// # Errors
/// A crate has a cycle, or a file cannot be read.
pub(crate) fn check() -> Result<()> {
    eprintln!("==> no module uses one that uses it");
    let mut wrong = Vec::new();
    for (krate, sources) in crates()? {
        wrong.extend(Graph::of(&sources)?.cycles().iter().map(|cycle| {
            let names: Vec<_> = cycle.iter().map(String::as_str).collect();
            format!("{krate}: {}", names.join(", "))
        }));
    }
    if !wrong.is_empty() {
        bail!(
            "modules that use each other; move what both need below them:\n  {}",
            wrong.join("\n  ")
        );
    }
    Ok(())
}

/// The source files of each crate, as paths below its `src`.
fn crates() -> Result<BTreeMap<String, Vec<(PathBuf, String)>>> {
    let mut crates: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for file in project::files()? {
        let path = file.to_string_lossy();
        let Some((krate, below)) = path.split_once("/src/") else {
            continue;
        };
        if file.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(project::root().join(&file))
                .with_context(|| format!("cannot read {}", file.display()))?;
            let sources = crates.entry(krate.to_owned()).or_default();
            sources.push((PathBuf::from(below), text));
        }
    }
    Ok(crates)
}

#[derive(Default)]
struct Graph {
    modules: BTreeSet<Module>,
    /// Paths that a module hands on under a name of its own.
    exports: BTreeMap<(Module, String), Module>,
    /// Paths that a module uses, from the root of the crate.
    uses: Vec<(Module, Module)>,
    /// Modules in files of their own that are compiled for tests only.
    tests: Vec<Module>,
}

impl Graph {
    fn of(sources: &[(PathBuf, String)]) -> Result<Graph> {
        let mut graph = Graph::default();
        for (path, text) in sources {
            let file = syn::parse_file(text)
                .with_context(|| format!("cannot parse {}", path.display()))?;
            let mut reader = Reader {
                graph: &mut graph,
                module: module_of(path),
            };
            reader.graph.modules.insert(reader.module.clone());
            reader.visit_file(&file);
        }
        Ok(graph)
    }

    /// The module that a path leads to.
    fn resolve(&self, path: &[String]) -> Module {
        let mut path = path.to_vec();
        // Re-exports of re-exports; no more than anyone would write.
        for _ in 0..8 {
            let mut length = path.len();
            while length > 0 && !self.modules.contains(&path[..length]) {
                length -= 1;
            }
            let (module, rest) = path.split_at(length);
            let name = rest.first().cloned().unwrap_or_default();
            match self.exports.get(&(module.to_vec(), name)) {
                Some(target) if *target != path => path = target.clone(),
                _ => return module.to_vec(),
            }
        }
        path
    }

    /// The sets of modules that use each other.
    fn cycles(&self) -> Vec<BTreeSet<String>> {
        let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (from, path) in &self.uses {
            if self.tests.iter().any(|tests| from.starts_with(tests)) {
                continue;
            }
            let to = self.resolve(path);
            let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            if same < from.len() && same < to.len() {
                let (from, to) = (from[..=same].to_vec(), to[..=same].to_vec());
                edges.entry(from).or_default().insert(to);
            }
        }
        let reachable: BTreeMap<_, _> = edges
            .keys()
            .map(|module| (module, reachable(&edges, module)))
            .collect();
        let mut cycles = BTreeSet::new();
        for (module, reached) in &reachable {
            if reached.contains(*module) {
                let cycle = reached.iter().filter(|other| {
                    let back = reachable.get(other);
                    back.is_some_and(|back| back.contains(*module))
                });
                cycles.insert(cycle.map(|module| module.join("::")).collect());
            }
        }
        cycles.into_iter().collect()
    }
}

fn reachable(edges: &BTreeMap<Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(module) = next.pop() {
        for to in edges.get(module).into_iter().flatten() {
            if reached.insert(to.clone()) {
                next.push(to);
            }
        }
    }
    reached
}

/// `a/b.rs` and `a/b/mod.rs` are `a::b`; `lib.rs`, `main.rs` and programs in `bin`
/// are roots.
fn module_of(path: &Path) -> Module {
    let mut module: Module = path
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    if module == ["lib"] || module == ["main"] {
        module.clear();
    }
    module
}

/// Notes what one file uses.
struct Reader<'a> {
    graph: &'a mut Graph,
    module: Module,
}

impl Reader<'_> {
    /// Returns a path from the root of the crate. A path that begins with none of the
    /// words for modules begins with one that is declared here: `pub use child::Item`.
    fn path_from_root(&self, path: &[String]) -> Module {
        let mut base = self.module.clone();
        let mut rest = path;
        while let [first, others @ ..] = rest {
            match first.as_str() {
                "crate" => base.clear(),
                "self" => {}
                "super" => drop(base.pop()),
                _ => break,
            }
            rest = others;
        }
        base.extend(rest.iter().cloned());
        base
    }

    fn uses(&mut self, path: &[String]) {
        if matches!(path[0].as_str(), "crate" | "super" | "self") {
            let path = self.path_from_root(path);
            self.graph.uses.push((self.module.clone(), path));
        }
    }

    fn tree(&mut self, tree: &UseTree, prefix: &mut Vec<String>, handed_on: bool) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.tree(&path.tree, prefix, handed_on);
                prefix.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(tree, prefix, handed_on);
                }
            }
            UseTree::Name(name) => self.leaf(&name.ident.to_string(), None, prefix, handed_on),
            UseTree::Rename(rename) => {
                let alias = rename.rename.to_string();
                self.leaf(&rename.ident.to_string(), Some(alias), prefix, handed_on);
            }
            UseTree::Glob(_) => {
                if !prefix.is_empty() {
                    self.uses(prefix);
                }
            }
        }
    }

    fn leaf(&mut self, name: &str, alias: Option<String>, prefix: &[String], handed_on: bool) {
        let mut path = prefix.to_vec();
        if name != "self" {
            path.push(name.to_owned());
        }
        if path.is_empty() {
            return;
        }
        self.uses(&path);
        if handed_on {
            let target = self.path_from_root(&path);
            let alias = alias.unwrap_or_else(|| path[path.len() - 1].clone());
            let exports = &mut self.graph.exports;
            exports.insert((self.module.clone(), alias), target);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.module.push(item.ident.to_string());
        match (is_test(&item.attrs), item.content.is_some()) {
            (true, _) => self.graph.tests.push(self.module.clone()),
            (false, true) => {
                self.graph.modules.insert(self.module.clone());
                visit::visit_item_mod(self, item);
            }
            // Its file is read by itself.
            (false, false) => {}
        }
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !is_test(&item.attrs) {
            let handed_on = !matches!(item.vis, Visibility::Inherited);
            self.tree(&item.tree, &mut Vec::new(), handed_on);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<_> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if parts.len() > 1 {
            self.uses(&parts);
        }
        visit::visit_path(self, path);
    }
}

/// Returns true if an item is compiled for tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycles(sources: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<_> = sources
            .iter()
            .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()))
            .collect();
        let cycles = Graph::of(&sources).expect("it parses").cycles();
        let names = cycles
            .into_iter()
            .map(|cycle| Vec::from_iter(cycle).join(" "));
        names.collect()
    }

    #[test]
    fn two_modules_that_use_each_other_are_a_cycle() {
        let a = ("a.rs", "use crate::b::B; struct A;");
        assert_eq!(cycles(&[a, ("b.rs", "struct B;")]), [""; 0]);
        assert_eq!(cycles(&[a, ("b.rs", "fn b(_: super::a::A) {}")]), ["a b"]);
        let in_tests = "#[cfg(test)] mod tests { use crate::a::A; }";
        assert_eq!(cycles(&[a, ("b.rs", in_tests)]), [""; 0]);
        let declared = ("b.rs", "#[cfg(test)] mod tests;");
        let tests = ("b/tests.rs", "use crate::a::A;");
        assert_eq!(cycles(&[a, declared, tests]), [""; 0]);
    }

    #[test]
    fn a_module_and_those_below_it_are_one() {
        let parent = ("a.rs", "mod b; pub use b::B;");
        let child = ("a/b.rs", "use super::A; struct B;");
        assert_eq!(cycles(&[parent, child]), [""; 0]);
        let other = ("c.rs", "use crate::a::B;");
        assert_eq!(cycles(&[parent, child, other]), [""; 0]);
        let child = ("a/b.rs", "use crate::c::C;");
        assert_eq!(cycles(&[parent, child, other]), ["a c"]);
    }

    #[test]
    fn re_exports_are_followed() {
        let root = (
            "lib.rs",
            "mod a; mod b; pub use a::A; pub(crate) use b::{B as C};",
        );
        let a = ("a.rs", "use crate::C;");
        let b = ("b.rs", "use crate::A;");
        assert_eq!(cycles(&[root, a, b]), ["a b"]);
    }

    #[test]
    fn modules_below_one_another_are_compared_too() {
        let b = ("a/b.rs", "use super::c::C;");
        let c = ("a/c/mod.rs", "use crate::a::b::B;");
        assert_eq!(cycles(&[b, c]), ["a::b a::c"]);
    }
}
