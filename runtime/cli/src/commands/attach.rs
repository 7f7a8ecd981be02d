//! `warren attach`: a prompt whose inputs run in a process of a running program.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use warren::text;

use crate::control::Request;
use crate::control::args::ControlArgs;
use crate::control::client::Client;
use crate::exit::Exit;
use crate::prompt::front::Manner;
use crate::prompt::{Link, Said, Screen, Talk, converse};
use crate::report::failure::Failure;
use crate::report::refused::refused;
use crate::signals::Signals;

/// The options of `warren attach`.
#[derive(Debug, Args)]
#[command(
    after_help = "The prompt is that of `warren repl`, in a process of the running program with \
                  the grants of its command line. What an input prints comes to the prompt, not \
                  to the output of the program. The process ends with the prompt; those that it \
                  has started go on.\n\n\
                  Exit status: 0; 1 if the program cannot be reached, or an input of a pipe \
                  failed; 2 for a wrong command line; 130 after Ctrl-C, 143 after SIGTERM; 141 if \
                  the reader of standard output is gone; or the status that an input gives to \
                  os.exit."
)]
pub(crate) struct AttachArgs {
    /// The program's socket, as for --control
    #[arg(value_name = "SOCKET", conflicts_with = "control")]
    pub(crate) socket: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// Runs the prompt and returns the command's exit.
pub(crate) fn attach(args: &AttachArgs) -> Result<Exit, Box<Failure>> {
    let client = match &args.socket {
        Some(path) => Client::connect(path)?,
        None => args.control.connect()?,
    };
    let greeting = client.greeting();
    let manner = Manner {
        raw: false,
        greeting: format!(
            "attached to {} (warren {}, process {}): help() explains, Ctrl-D ends",
            text::line(&greeting.program),
            text::line(&greeting.version),
            greeting.pid
        ),
    };
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Box::new(refused("the async runtime", &error)))?;
    tokio.block_on(async {
        let mut signals =
            Signals::catch().map_err(|error| Box::new(refused("signal handling", &error)))?;
        let remote = Remote { client };
        match converse(remote, manner, Screen::default(), &mut signals).await {
            Talk::Ended(end) => end,
            Talk::Stopped(stop) => Ok(stop.exit()),
        }
    })
}

/// A prompt of a running program, at its control socket.
struct Remote {
    client: Client,
}

impl Link for Remote {
    fn run(&mut self, code: &str, columns: usize) -> Result<(), Box<Failure>> {
        let code = code.to_owned();
        self.client.demand(&Request::Run { code, columns })
    }

    fn heard(&mut self, within: Duration) -> Result<Vec<Said>, Box<Failure>> {
        let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        self.client.demand(&Request::Hear { within_ms })
    }

    fn interrupt(&mut self) -> Result<(), Box<Failure>> {
        self.client.demand(&Request::Interrupt { kill: false })
    }

    fn kill(&mut self) -> Result<(), Box<Failure>> {
        self.client.demand(&Request::Interrupt { kill: true })
    }

    fn complete(&mut self, text: &str) -> Result<(), Box<Failure>> {
        let text = text.to_owned();
        self.client.demand(&Request::Complete { text })
    }
}
