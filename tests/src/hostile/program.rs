//! The program that an attack runs in.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::attack::{Attack, catalogue};

/// Writes the program `program` of the attack, of the code of its first process and of the
/// bystanders, in a directory of its own.
///
/// # Panics
/// A file is not written.
#[track_caller]
pub fn program_of(attack: &Attack, main: &Path, bystander: &Path) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let program = directory.path().join("program");
    fs::create_dir(&program).expect("a directory");
    copy(main, &program.join("main.lua"));
    copy(bystander, &program.join("bystander.lua"));
    copy(
        &catalogue().join("warren.toml"),
        &program.join("warren.toml"),
    );
    if attack.path.is_dir() {
        copy_all(&attack.path, &program);
    } else {
        let code = attack.code();
        let extension = code.extension().expect("code has an extension");
        copy(&code, &program.join("attack").with_extension(extension));
    }
    for fifo in &attack.fifos {
        make_pipe(&program.join(fifo));
    }
    for (link, target) in &attack.links {
        symlink(target, program.join(link)).expect("a link is made");
    }
    directory
}

/// Makes a named pipe.
///
/// # Panics
/// There is no `mkfifo`, or it failed.
#[track_caller]
pub fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    let made = made.is_ok_and(|status| status.success());
    assert!(made, "cannot make the pipe {}", path.display());
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("an attack's directory") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            fs::create_dir(&target).expect("a directory");
            copy_all(&path, &target);
        } else {
            copy(&path, &target);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    if let Err(error) = fs::copy(from, to) {
        panic!(
            "cannot copy {} to {}: {error}",
            from.display(),
            to.display()
        );
    }
}
