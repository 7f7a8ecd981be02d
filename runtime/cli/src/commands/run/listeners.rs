//! The listeners of a program that is run.

use warren::{Bound, ListenError, Runtime};

use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::stderr;

/// Opens the listeners. Nobody is answered yet.
pub(super) async fn open(runtime: &Runtime) -> Result<Vec<Bound>, Box<Failure>> {
    runtime.listen().await.map_err(|error| failure(&error))
}

/// Answers requests from now on, and tells where.
pub(super) async fn serve(runtime: &Runtime, bound: &[Bound]) -> Result<(), Box<Failure>> {
    runtime.serve().await.map_err(|error| failure(&error))?;
    for listener in bound {
        stderr::write(&line(listener));
    }
    Ok(())
}

fn line(listener: &Bound) -> String {
    let scheme = if listener.is_secure { "https" } else { "http" };
    format!("listening on {scheme}://{}\n", listener.address)
}

fn failure(error: &ListenError) -> Box<Failure> {
    let help = match error {
        error if error.is_in_use() => {
            Some("another program listens there: end it, or choose another address with `--listen`")
        }
        ListenError::Denied { .. } => {
            Some("permit the action http.listen on the listener to nobody, with a policy")
        }
        _ => None,
    };
    let exit = match error {
        ListenError::Bind { .. } | ListenError::Ending => Exit::Failed,
        _ => Exit::Usage,
    };
    Box::new(Failure {
        help: help.map(str::to_owned),
        ..Failure::new(exit, error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_url_to_open() {
        let bound = |address: &str, is_secure| {
            line(&Bound {
                listener: "app:web".into(),
                address: address.parse().unwrap(),
                is_secure,
            })
        };
        let plain = bound("127.0.0.1:8080", false);
        assert_eq!(plain, "listening on http://127.0.0.1:8080\n");
        assert_eq!(bound("[::1]:443", true), "listening on https://[::1]:443\n");
    }

    #[test]
    fn an_address_in_use_comes_with_a_way_out() {
        let error = std::io::Error::from(std::io::ErrorKind::AddrInUse);
        let failure = failure(&ListenError::Bind {
            listener: "app:web".into(),
            address: "127.0.0.1:80".parse().unwrap(),
            error,
        });
        assert!(failure.help.unwrap().contains("--listen"));
        assert!(failure.message.contains("127.0.0.1:80 (app:web)"));
    }
}
