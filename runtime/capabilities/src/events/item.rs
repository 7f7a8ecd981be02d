//! One event, encoded.

use warren_kernel::{Error, Monotonic, Process, Subscription};
use warren_values::msgpack::{Full, Output};

/// The label of the feeds of events.
pub(super) const LABEL: &str = "@news";

/// One event.
pub(super) struct Item<'a> {
    pub(super) system: &'a str,
    pub(super) kind: &'a str,
    pub(super) path: &'a str,
    /// Encoded; absent for nil.
    pub(super) data: Option<&'a [u8]>,
    /// The node of the sender, if it is another one.
    node: Option<&'a str>,
    encoded: Vec<u8>,
}

impl<'a> Item<'a> {
    /// # Errors
    ///
    /// `Internal` if there is no memory for the event.
    pub(super) fn new(
        [system, kind, path]: [&'a str; 3],
        data: Option<&'a [u8]>,
        node: Option<&'a str>,
    ) -> Result<Item<'a>, Error> {
        let mut item = Item {
            system,
            kind,
            path,
            data,
            node,
            encoded: Vec::new(),
        };
        item.encoded = item
            .encode(0)
            .map_err(|_| Error::internal("no memory for the event"))?;
        Ok(item)
    }

    /// Bytes of the event as a message.
    pub(super) fn bytes(&self) -> usize {
        LABEL.len() + self.encoded.len()
    }

    /// Adds the event to a feed. Returns false if the event is lost. `missed` events were
    /// lost before it.
    pub(super) fn feed(
        &self,
        process: &Process,
        subscription: Subscription,
        missed: u64,
        now: Monotonic,
    ) -> bool {
        if missed == 0 {
            return process.feed(subscription, LABEL, &self.encoded, now);
        }
        let encoded = self.encode(missed);
        encoded.is_ok_and(|encoded| process.feed(subscription, LABEL, &encoded, now))
    }

    /// Encodes the event as the one value of a message.
    fn encode(&self, missed: u64) -> Result<Vec<u8>, Full> {
        let mut output = Output::new();
        output.lift_limit();
        let more = [self.data.is_some(), self.node.is_some(), missed > 0];
        let fields = 3 + more.into_iter().map(u32::from).sum::<u32>();
        output.array(1)?;
        output.map(fields)?;
        for (name, text) in [
            ("system", self.system),
            ("kind", self.kind),
            ("path", self.path),
        ] {
            output.string(name.as_bytes())?;
            output.string(text.as_bytes())?;
        }
        if let Some(data) = self.data {
            output.string(b"data")?;
            output.raw(data)?;
        }
        if let Some(node) = self.node {
            output.string(b"node")?;
            output.string(node.as_bytes())?;
        }
        if missed > 0 {
            output.string(b"missed")?;
            output.integer(i64::try_from(missed).unwrap_or(i64::MAX))?;
        }
        Ok(output.as_slice().to_vec())
    }
}
