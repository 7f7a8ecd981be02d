//! Grants by which a program could change itself.

use std::fmt;
use std::path::PathBuf;

/// A grant that lets a program change its own files.
///
/// ```
/// use warren_app::{App, AppOptions};
///
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("main.lua"), "return 1")?;
/// let options = AppOptions { write: vec![directory.path().to_owned()], ..AppOptions::default() };
/// let app = App::open(directory.path(), options)?;
/// let writes = app.self_writes();
/// assert_eq!(writes[0].contains, ["manifest", "policies", "sources"]);
/// assert_eq!(writes[0].definition, None); // every definition has the grant
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfWrite {
    /// The writable path.
    pub path: PathBuf,
    /// The definition with the grant; absent if all of the program's have it.
    pub definition: Option<String>,
    /// The parts of the program in the path.
    pub contains: Vec<&'static str>,
}

impl fmt::Display for SelfWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display().to_string();
        write!(f, "writing to {} is granted", path.escape_debug())?;
        if let Some(definition) = &self.definition {
            write!(f, " to {definition}")?;
        }
        write!(
            f,
            ": the program can rewrite its own {}, and so gain rights at its next start or \
             reload; grant a directory of its own instead, such as `data`",
            self.contains.join(" and ")
        )
    }
}
