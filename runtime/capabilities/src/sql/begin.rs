//! The operation `sql.begin`.

use warren_engine::capability::{Caller, Step};
use warren_kernel::{Error, text};

use super::access::Access;
use super::command::{Begin, Isolation};
use super::transactions::OpenTransactions;
use super::{Databases, Granted, OF_CALL};
use crate::answer;
use crate::request::Arguments;

/// The words for isolations. One has two: databases that have the other one differ.
const ISOLATIONS: [(&str, Isolation); 6] = [
    ("default", Isolation::Default),
    ("read_uncommitted", Isolation::ReadUncommitted),
    ("read_committed", Isolation::ReadCommitted),
    ("write_committed", Isolation::ReadCommitted),
    ("repeatable_read", Isolation::RepeatableRead),
    ("serializable", Isolation::Serializable),
];

/// `sql.begin(id, options)`: the number of a transaction, which is above 0. The options are
/// `isolation` and `read_only`. The transaction is rolled back when the process ends or is
/// upgraded, and after `max_transaction`.
pub(super) fn begin(
    databases: &Databases,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let granted = databases.granted(caller, &mut arguments)?;
    let mut options = arguments.fields("options")?;
    let isolation = isolation(options.text_or_nil("isolation")?.unwrap_or("default"))?;
    let is_read_only = options.boolean_or("read_only", false)?;
    options.end()?;
    let access = match is_read_only {
        true => Access::Read,
        false => granted.right,
    };
    granted.permit(caller, access)?;
    let open = caller.kept().state(OpenTransactions::default)?;
    let reserved = OpenTransactions::reserve(open, &granted.database.settings.id, access)?;
    let host = caller.process().host().number();
    let Granted { database, .. } = granted;
    Ok(Step::wait(OF_CALL, move |_| async move {
        let begin = Begin { access, isolation };
        let transaction = database.begin(host, begin).await?;
        let most = database.settings.max_transaction;
        let number = reserved.open(transaction, most).await;
        answer::write(|out| out.integer(number))
    }))
}

fn isolation(word: &str) -> Result<Isolation, Error> {
    let found = ISOLATIONS.iter().find(|(name, _)| *name == word);
    found.map(|(_, isolation)| *isolation).ok_or_else(|| {
        let names = ISOLATIONS.map(|(name, _)| name).join(", ");
        let word = text::quoted(word);
        Error::invalid(format!("options.isolation is none of {names}: {word}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_isolation_has_a_word() {
        assert_eq!(isolation("default"), Ok(Isolation::Default));
        assert_eq!(isolation("write_committed"), Ok(Isolation::ReadCommitted));
        let error = isolation("SERIALIZABLE").unwrap_err();
        assert!(error.message.contains("serializable"), "{error}");
    }
}
