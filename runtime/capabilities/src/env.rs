//! The capability `env`: environment variables that were granted, and those that the
//! program sets for itself.

use warren_engine::capability::{Answer, Caller, Capability, Step};
use warren_kernel::{Error, text};

use crate::answer;
use crate::limit::beyond;
use crate::request::Arguments;

/// See [the module](self).
pub(crate) struct Env;

impl Capability for Env {
    fn name(&self) -> &'static str {
        "env"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        Step::Done(match operation {
            "get" => get(caller, request),
            "set" => set(caller, request),
            "names" => names(caller),
            _ => return Step::Unknown,
        })
    }
}

/// `env.get(name)`.
fn get(caller: &mut dyn Caller, request: &[u8]) -> Answer {
    let mut arguments = Arguments::new(request)?;
    let name = name(&mut arguments)?;
    caller.permit("env.get", name, &[])?;
    let value = caller.variables().get(name);
    let value = value.ok_or_else(|| {
        Error::not_found(format!(
            "environment variable not found: {}",
            text::line(name)
        ))
        .retryable(false)
    })?;
    answer::write(|out| out.string(value.as_bytes()))
}

/// `env.set(name, value)`.
fn set(caller: &mut dyn Caller, request: &[u8]) -> Answer {
    let mut arguments = Arguments::new(request)?;
    let name = name(&mut arguments)?;
    let value = arguments.text("value")?;
    caller.permit("env.set", name, &[])?;
    caller.variables().set(name, value)?;
    answer::write(|out| out.boolean(true))
}

/// `env.names()`: the names of the variables that are granted and set. Reading one needs
/// its permission.
fn names(caller: &dyn Caller) -> Answer {
    let mut names: Vec<_> = caller
        .variables()
        .all()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    answer::write(|out| {
        out.array(u32::try_from(names.len()).unwrap_or(u32::MAX))?;
        names
            .iter()
            .try_for_each(|name| out.string(name.as_bytes()))
    })
}

/// The most bytes of a name.
const MAX_NAME: usize = 16 * 1024;

fn name<'a>(arguments: &mut Arguments<'a>) -> Result<&'a str, Error> {
    let name = arguments.text("name")?;
    if name.is_empty() {
        return Err(Error::invalid("name: empty"));
    }
    if name.contains(['=', '\0']) {
        let message = "name: a variable's name contains neither `=` nor a zero byte";
        return Err(Error::invalid(message));
    }
    if name.len() > MAX_NAME {
        let message = format!(
            "name: {} bytes are more than the {MAX_NAME} of a variable's name (max_name)",
            name.len()
        );
        return Err(beyond("max_name", MAX_NAME, message));
    }
    Ok(name)
}
