//! `warren man`: one page of the manual for each command.

use clap::Args;
use std::fs;
use std::path::PathBuf;

use warren::text;

use crate::exit::Exit;
use crate::report::failure::Failure;

/// The options of `warren man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The directory to write warren.1, warren-run.1 and so on into; made if
    /// absent
    pub(crate) dir: PathBuf,
}

/// Writes the pages into the directory, over pages of the same names.
pub(crate) fn write(args: &ManArgs, command: clap::Command) -> Result<Exit, Box<Failure>> {
    let written =
        fs::create_dir_all(&args.dir).and_then(|()| clap_mangen::generate_to(command, &args.dir));
    match written {
        Ok(()) => Ok(Exit::Success),
        Err(error) => Err(Box::new(Failure::new(
            Exit::Failed,
            format!(
                "cannot write man pages to {}: {error}",
                text::path(&args.dir)
            ),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::command_line::Cli;

    #[test]
    fn every_command_has_a_page_with_its_options() {
        let dir = tempfile::tempdir().unwrap();
        let args = ManArgs {
            dir: dir.path().join("share/man1"),
        };
        assert_eq!(write(&args, Cli::command()).unwrap(), Exit::Success);
        let mut command = Cli::command();
        command.build();
        let mut commands = vec![("warren".to_owned(), &command)];
        while let Some((name, command)) = commands.pop() {
            let page = fs::read_to_string(args.dir.join(format!("{name}.1"))).unwrap();
            let shown = command
                .get_arguments()
                .filter(|argument| !argument.is_hide_set());
            for option in shown.filter_map(clap::Arg::get_long) {
                let option = option.replace('-', "\\-");
                assert!(page.contains(&option), "{name}: {option}");
            }
            let inner = command.get_subcommands().filter(|c| c.get_name() != "help");
            commands.extend(inner.map(|inner| (format!("{name}-{}", inner.get_name()), inner)));
        }
    }
}
