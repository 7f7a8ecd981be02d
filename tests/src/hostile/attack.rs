//! The attacks, and the settings in their first comments.

use std::fs;
use std::path::{Path, PathBuf};

use crate::layout::{entries, project};

/// Returns the directory of the catalogue.
pub fn catalogue() -> PathBuf {
    project().join("tests/hostile")
}

/// Default MiB by which the command may grow.
const GROWS: u64 = 256;

/// Default for [`Attack::late`]. On two cores with eight times their work, no attack of the
/// catalogue reached 3.
const LATE: u64 = 20;

/// One attack of the catalogue.
#[derive(Clone, Debug)]
pub struct Attack {
    /// `KIND/NAME`.
    pub name: String,
    /// The attack's file or directory.
    pub path: PathBuf,
    /// The required end, as the warden prints it.
    pub end: String,
    /// Texts that the error contains.
    pub says: Vec<String>,
    /// Lines on standard output.
    pub prints: Vec<String>,
    /// Texts on standard error.
    pub logs: Vec<String>,
    /// Texts that neither stream contains.
    pub unsaid: Vec<String>,
    /// Texts that no line of either stream begins with.
    pub forges: Vec<String>,
    /// Named pipes to create in the program's directory.
    pub fifos: Vec<String>,
    /// Symbolic links to make there, each with what it leads to.
    pub links: Vec<(String, String)>,
    /// True if nobody reads standard error.
    pub is_unread: bool,
    /// Options of `warren run`.
    pub options: Vec<String>,
    /// Bytes by which the command may grow.
    pub grows: u64,
    /// The factor by which a sleep of a bystander may end later than without the attack.
    pub late: u64,
}

/// Finds all attacks, by name.
///
/// # Errors
/// An unreadable file, or a first comment with a missing or invalid setting.
pub fn read() -> Result<Vec<Attack>, String> {
    let mut attacks = Vec::new();
    for kind in entries(&catalogue())? {
        if !kind.is_dir() {
            continue;
        }
        for path in entries(&kind)? {
            attacks.push(Attack::read(path)?);
        }
    }
    Ok(attacks)
}

impl Attack {
    /// Returns the file of the attack's own code.
    pub fn code(&self) -> PathBuf {
        code_of(&self.path)
    }

    /// Returns whether the warden has to end the attack.
    pub fn is_endless(&self) -> bool {
        self.end == "terminated"
    }

    fn read(path: PathBuf) -> Result<Attack, String> {
        let code = code_of(&path);
        let text = fs::read_to_string(&code)
            .map_err(|error| format!("cannot read {}: {error}", code.display()))?;
        let name = path
            .strip_prefix(catalogue())
            .unwrap_or(&path)
            .with_extension("");
        Attack::parse(name.display().to_string(), path, &text)
    }

    fn parse(name: String, path: PathBuf, text: &str) -> Result<Attack, String> {
        let mut attack = Attack {
            name,
            path,
            end: String::new(),
            says: Vec::new(),
            prints: Vec::new(),
            logs: Vec::new(),
            unsaid: Vec::new(),
            forges: Vec::new(),
            fifos: Vec::new(),
            links: Vec::new(),
            is_unread: false,
            options: Vec::new(),
            grows: GROWS << 20,
            late: LATE,
        };
        let mut tries = false;
        let comment = text.lines().map_while(|line| {
            line.strip_prefix("-- ")
                .or_else(|| line.strip_prefix(";; "))
        });
        for (key, value) in comment.filter_map(|line| line.split_once(": ")) {
            let value = value.trim();
            match key {
                "tries" => tries = true,
                "end" => value.clone_into(&mut attack.end),
                "says" => attack.says.push(value.to_owned()),
                "prints" => attack.prints.push(value.to_owned()),
                "logs" => attack.logs.push(value.to_owned()),
                "unsaid" => attack.unsaid.push(value.to_owned()),
                "forges" => attack.forges.push(value.to_owned()),
                "link" => {
                    let (link, target) = value
                        .split_once(" -> ")
                        .ok_or_else(|| format!("{}: `link: {value}` has no ` -> `", attack.name))?;
                    attack.links.push((link.to_owned(), target.to_owned()));
                }
                "unread" if value == "stderr" => attack.is_unread = true,
                "fifo" => attack.fifos.push(value.to_owned()),
                "options" => {
                    attack.options = value.split_whitespace().map(str::to_owned).collect();
                }
                "grows" => {
                    let mib = value.strip_suffix(" MiB").unwrap_or(value);
                    let mib: u64 = mib
                        .parse()
                        .map_err(|_| format!("{}: `grows: {value}` is no size", attack.name))?;
                    attack.grows = mib << 20;
                }
                "late" => {
                    attack.late = value
                        .parse()
                        .map_err(|_| format!("{}: `late: {value}` is not a number", attack.name))?;
                }
                _ => return Err(format!("{}: nobody knows `{key}:`", attack.name)),
            }
        }
        let end: Vec<&str> = attack.end.split(' ').collect();
        let known = matches!(
            *end,
            ["returned" | "terminated"] | ["failed" | "refused", _]
        );
        match (tries, known) {
            (true, true) => Ok(attack),
            (false, _) => Err(format!("{}: its first comment lacks `tries:`", attack.name)),
            (_, false) => Err(format!(
                "{}: `end: {}` is neither `returned`, `terminated`, `failed KIND` nor `refused KIND`",
                attack.name, attack.end
            )),
        }
    }
}

fn code_of(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let lua = path.join("attack.lua");
    if lua.is_file() {
        lua
    } else {
        path.join("attack.wat")
    }
}
