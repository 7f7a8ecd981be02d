//! Pages of the names that are held in the cluster.

use warren_kernel::{Error, Monotonic};

use super::names::{no_lease, unavailable};
use super::purpose::Purpose;
use super::{CallId, Core, Named, Output};
use crate::member::{NAMES, NameEntry, key_of_name, name_of_key};
use crate::transport::{Found, Operation, Refusal};
use crate::view::{Holder, NamePage, Token};

/// The most entries of one page.
const LONGEST_PAGE: usize = 1_000;

impl Core {
    /// Reads at most `most` entries of names, from the one after `after` on; all entries come
    /// after the empty name.
    pub(crate) fn list_names(&mut self, after: &str, most: usize, now: Monotonic) -> CallId {
        let call = self.new_call();
        if self.is_over {
            self.outputs.push_back(Output::Name(call, Err(no_lease())));
            return call;
        }
        let after = match after {
            "" => String::new(),
            name => key_of_name(name),
        };
        let operation = Operation::List {
            prefix: NAMES.to_owned(),
            after,
            most: most.clamp(1, LONGEST_PAGE),
        };
        self.ask(Purpose::Page(call), operation, now);
        call
    }

    /// Takes the entries of a page. Those without a holder, and those of another version, are
    /// left out.
    pub(super) fn listed_names(
        &mut self,
        call: CallId,
        result: Result<Found, Refusal>,
        now: Monotonic,
    ) {
        let result = match result {
            Ok(Found::Values(values)) => Ok(Named::Listed(self.page(values, now))),
            other => Err::<Named, Error>(unavailable(other)),
        };
        self.outputs.push_back(Output::Name(call, result));
    }

    fn page(&mut self, values: Vec<(String, bytes::Bytes, u64)>, now: Monotonic) -> NamePage {
        let mut page = NamePage::default();
        for (key, value, revision) in values {
            let Some(name) = name_of_key(&key) else {
                continue;
            };
            page.next = Some(name.clone());
            let Ok(entry) = NameEntry::decode(&value) else {
                continue;
            };
            if !self.is_over_now(&name, &entry, revision, now) {
                let holder = Holder {
                    address: entry.holder,
                    token: Token(revision),
                };
                page.names.push((name, holder));
            }
        }
        page
    }
}
