//! `warren completions`: scripts by which a shell completes command lines.

use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::stdout;
use clap::Args;

/// The options of `warren completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "For the shell that runs:  source <(warren completions bash)\n\
                  For all later ones, the shell reads the text from a file:\n\
                  bash  ~/.local/share/bash-completion/completions/warren\n\
                  zsh   _warren, in a directory of $fpath\n\
                  fish  ~/.config/fish/completions/warren.fish"
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Prints the script of one shell.
pub(crate) fn print(args: &CompletionsArgs, command: clap::Command) -> Result<Exit, Box<Failure>> {
    stdout::print(&script(args.shell, command), Exit::Success)
}

/// Returns the script. It is made in memory, because the generator panics if it
/// cannot write.
fn script(shell: clap_complete::Shell, mut command: clap::Command) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "warren", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, ValueEnum};

    use super::*;
    use crate::command_line::Cli;

    #[test]
    fn every_script_names_every_command_and_option() {
        let mut command = Cli::command();
        command.build();
        for &shell in clap_complete::Shell::value_variants() {
            let script = script(shell, Cli::command());
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
