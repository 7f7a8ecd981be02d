//! Definitions, and the trait that finds them.

use std::path::Path;
use std::sync::Arc;

use warren_kernel::Error;

use crate::code::grant::PathGrant;
use crate::code::native_code::NativeCode;
use crate::code::uses::Uses;

/// Code as a program's author wrote it.
///
/// ```
/// use warren_engine::Source;
///
/// let source = Source { name: "greet.lua".into(), bytes: b"return 'hello'".as_slice().into() };
/// ```
#[derive(Clone, Debug)]
pub struct Source {
    /// The name in messages: the path below the program's root, with `/`.
    pub name: Arc<str>,
    /// The file's content.
    pub bytes: Arc<[u8]>,
}

/// The code of a definition, by its kind.
///
/// ```
/// use warren_engine::{Code, Source};
///
/// let lua = |text: &str| {
///     Code::Lua(Source { name: "greet.lua".into(), bytes: text.as_bytes().into() })
/// };
/// let hello = lua("return 'hello'");
/// assert!(hello.is_that_of(&lua("return 'hello'")));
/// assert!(!hello.is_that_of(&lua("return 'good morning'")));
/// assert_eq!(hello.source().map(|source| &*source.name), Some("greet.lua"));
/// ```
#[derive(Clone, Debug)]
pub enum Code {
    /// Source for the bundled Lua interpreter.
    Lua(Source),
    /// A WebAssembly core module or component, binary or text.
    Wasm(Source),
    /// A Rust function of the embedder.
    Native(NativeCode),
}

impl Code {
    /// Returns the source; `None` for a Rust function.
    pub fn source(&self) -> Option<&Source> {
        match self {
            Code::Lua(source) | Code::Wasm(source) => Some(source),
            Code::Native(_) => None,
        }
    }

    /// Returns true if this is the same code: the same function, or a source of the same
    /// name and content.
    pub fn is_that_of(&self, other: &Code) -> bool {
        match (self, other) {
            (Code::Lua(this), Code::Lua(other)) | (Code::Wasm(this), Code::Wasm(other)) => {
                this.is_that_of(other)
            }
            (Code::Native(this), Code::Native(other)) => this.is_that_of(other),
            _ => false,
        }
    }
}

impl Source {
    /// Returns true if name and content are the same.
    pub fn is_that_of(&self, other: &Source) -> bool {
        self.name == other.name
            && (Arc::ptr_eq(&self.bytes, &other.bytes) || self.bytes == other.bytes)
    }
}

/// Parts of the machine outside the sandbox that a process may reach. By default
/// there are none.
///
/// ```
/// use warren_engine::{Grants, PathGrant};
///
/// # let directory = std::env::temp_dir();
/// let grants = Grants {
///     paths: vec![PathGrant::open("data", directory, false)?],
///     env: vec![("LANG".into(), "C".into())],
///     ..Grants::default()
/// };
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Files and directories.
    pub paths: Vec<PathGrant>,
    /// Environment variables, by name and value.
    pub env: Vec<(String, String)>,
    /// Names of environment variables that the process may set, for the program alone.
    pub env_write: Vec<String>,
    /// Ids of stores of tokens.
    pub tokens: Vec<String>,
    /// Things that capabilities give, such as stores of values.
    pub uses: Uses,
}

impl Grants {
    /// Returns true if nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
            && self.env.is_empty()
            && self.env_write.is_empty()
            && self.tokens.is_empty()
            && self.uses.is_empty()
    }
}

/// Code under an id, with everything a process needs to run it.
///
/// ```
/// use warren_engine::{Code, Definition, Source};
///
/// let bytes = b"return { greet = function(name) return 'hello, ' .. name end }";
/// let source = Source { name: "api.lua".into(), bytes: bytes.as_slice().into() };
/// let greet = Definition {
///     id: "app:greet".into(),
///     code: Code::Lua(source),
///     method: "greet".into(),
///     host: Some("app:api".into()),
///     grants: Default::default(),
/// };
/// ```
#[derive(Clone, Debug)]
pub struct Definition {
    /// `namespace:name`.
    pub id: Arc<str>,
    /// Its code.
    pub code: Code,
    /// The function to call, `main` unless the manifest says otherwise.
    pub method: Arc<str>,
    /// The only host that may run it; any host if `None`.
    pub host: Option<Arc<str>>,
    /// Parts of the machine that its processes may reach.
    pub grants: Arc<Grants>,
}

impl Definition {
    /// Returns true if all but the code is the same: method, host and grants.
    pub fn has_settings_of(&self, other: &Definition) -> bool {
        self.settings_that_differ(other).next().is_none()
    }

    /// Returns the settings that are others in another definition, by their names in a
    /// manifest: `method`, `host`, `grants`.
    pub fn settings_that_differ(
        &self,
        other: &Definition,
    ) -> impl Iterator<Item = &'static str> + use<> {
        let settings = [
            ("method", self.method == other.method),
            ("host", self.host == other.host),
            ("grants", self.grants == other.grants),
        ];
        let differ = settings.into_iter().filter(|(_, is_same)| !is_same);
        differ.map(|(setting, _)| setting)
    }
}

/// Finds the definitions of a program.
///
/// The runtime calls it off the guests' stacks, possibly for every spawn, so an
/// implementation caches expensive results. It may block for short file access. A
/// definition that has not changed is the same `Arc` each time.
///
/// The answers belong together: a definition and the modules it requires are files of one
/// moment. Later files are definitions of their own, which a reload puts in place of these.
///
/// ```
/// use std::sync::Arc;
/// use warren_engine::{Code, Definition, Definitions, Files, Source};
/// use warren_kernel::Error;
///
/// /// A program of one definition, without modules.
/// struct One(Arc<Definition>);
///
/// impl Definitions for One {
///     fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
///         match *id == *self.0.id {
///             true => Ok(Arc::clone(&self.0)),
///             false => Err(Error::not_found(format!("definition not found: {id}"))),
///         }
///     }
/// }
///
/// impl Files for One {
///     fn module(&self, _name: &str) -> Result<Option<Source>, Error> {
///         Ok(None)
///     }
/// }
///
/// let source = Source { name: "main.lua".into(), bytes: b"return 1".as_slice().into() };
/// let one = One(Arc::new(Definition {
///     id: "app:main".into(),
///     code: Code::Lua(source),
///     method: "main".into(),
///     host: None,
///     grants: Default::default(),
/// }));
/// assert_eq!(&*one.definition("app:main")?.method, "main");
/// assert!(one.definition("app:other").is_err());
/// # Ok::<_, Error>(())
/// ```
pub trait Definitions: Files {
    /// Returns the definition of this id.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is none; `Unavailable` if its file cannot be read, naming
    /// the file and the reason.
    fn definition(&self, id: &str) -> Result<Arc<Definition>, Error>;

    /// Returns the files alone, which a process keeps as long as it runs: it keeps no
    /// definition but its own. Other definitions with the same files return the same
    /// `Arc`, and share the code that was made with them. By default a process keeps all
    /// of this.
    fn files(&self) -> Option<Arc<dyn Files>> {
        None
    }
}

/// Finds the files of a program: the modules that its processes require, and the files
/// that messages name.
pub trait Files: Send + Sync + 'static {
    /// Returns the program's module that `require(name)` loads, if there is one:
    /// `lib.util` is `lib/util.lua` below the root.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the file exists but cannot be read.
    fn module(&self, name: &str) -> Result<Option<Source>, Error>;

    /// Returns the code that `require(name)` gives in the processes of one definition, if
    /// the program says so: it goes before a module of that name.
    ///
    /// # Errors
    ///
    /// Those of [`Definitions::definition`] for the definition that has the code; `Invalid`
    /// if that is no Lua.
    fn import(&self, definition: &str, name: &str) -> Result<Option<Source>, Error> {
        let _ = (definition, name);
        Ok(None)
    }

    /// Returns the names of the libraries that the processes of a definition have, beside
    /// those that every process has; `None` for all libraries.
    fn modules(&self, definition: &str) -> Option<Arc<[String]>> {
        let _ = definition;
        None
    }

    /// Returns a file of the program as it is here, by the name that messages have for it,
    /// to compare it with the same file in other definitions of the program. `None` if
    /// there is no such file.
    fn source(&self, name: &str) -> Option<Source> {
        let _ = name;
        None
    }

    /// Returns the id of the definition that a file of the program has by its place.
    fn id_of(&self, name: &str) -> Option<Arc<str>> {
        let _ = name;
        None
    }

    /// Returns a message to the operator about a path that exists but is not granted
    /// to a process of this definition that asked for it: the full path, and how to
    /// grant it. `write` is true if the process asked to change the path. Returns
    /// `None` if the path does not exist.
    ///
    /// The process never sees the message.
    fn ungranted(&self, definition: &str, path: &Path, write: bool) -> Option<String> {
        let _ = (definition, path, write);
        None
    }
}

/// The definitions of one moment, with their files.
#[derive(Clone)]
pub(crate) struct Edition {
    pub(crate) definitions: Arc<dyn Definitions>,
    pub(crate) files: Arc<dyn Files>,
}

impl Edition {
    pub(crate) fn new(definitions: Arc<dyn Definitions>) -> Edition {
        let files = definitions.files();
        Edition {
            files: files.unwrap_or_else(|| Arc::clone(&definitions) as Arc<dyn Files>),
            definitions,
        }
    }

    /// Returns true if the files are the very ones of another edition.
    pub(crate) fn has_files_of(&self, other: &Edition) -> bool {
        Arc::ptr_eq(&self.files, &other.files)
    }
}
