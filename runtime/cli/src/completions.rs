//! `warren completions`: scripts by which a shell completes command lines.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::diagnostics::Failure;
use crate::exit::Exit;
use crate::stdout;

/// Prints the script of one shell.
pub(crate) fn print(args: &CompletionsArgs) -> Result<Exit, Box<Failure>> {
    stdout::print(&script(args.shell), Exit::Success)
}

/// Returns the script. It is made in memory, because the generator panics if it
/// cannot write.
fn script(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(shell, &mut command, "warren", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_script_names_every_command_and_option() {
        let mut command = Cli::command();
        command.build();
        for &shell in clap_complete::Shell::value_variants() {
            let script = script(shell);
            for subcommand in command.get_subcommands() {
                let name = subcommand.get_name();
                assert!(script.contains(name), "{shell}: {name}");
                for option in subcommand.get_arguments().filter_map(|arg| arg.get_long()) {
                    assert!(script.contains(option), "{shell}: {name} --{option}");
                }
            }
        }
    }
}
