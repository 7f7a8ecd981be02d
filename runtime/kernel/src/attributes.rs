//! What a process is known by beside its PID: the code it runs and its names.
//! Policies judge by these, and keep a judgement until they change.

use crate::process::Process;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex};

/// The part of them that the process's state does not hold.
#[derive(Debug)]
pub(crate) struct Attributes {
    version: AtomicU64,
    definition: Mutex<Option<Arc<str>>>,
}

impl Attributes {
    pub(crate) fn new(definition: Option<Arc<str>>) -> Attributes {
        Attributes {
            version: AtomicU64::new(0),
            definition: Mutex::new(definition),
        }
    }

    /// Called once a change can be seen, so that what was read under an earlier
    /// version is never taken for later.
    pub(crate) fn have_changed(&self) {
        self.version.fetch_add(1, Ordering::Release);
    }
}

impl Process {
    /// Counts the changes of what it is known by: [`Process::definition`] and
    /// [`Process::names`]. One atomic load. Who keeps what it made of them reads
    /// this first.
    #[inline]
    pub fn attributes_version(&self) -> u64 {
        self.attributes().version.load(Ordering::Acquire)
    }

    /// The id of the definition it runs, where the embedder said it.
    pub fn definition(&self) -> Option<Arc<str>> {
        self.attributes().definition.lock().clone()
    }

    /// Says what it runs from now on.
    pub fn set_definition(&self, definition: Arc<str>) {
        let replaced = self.attributes().definition.lock().replace(definition);
        self.attributes().have_changed();
        drop(replaced);
    }
}

#[cfg(test)]
mod tests {
    use crate::{HostConfig, Kernel, Spawn};
    use std::sync::Arc;

    #[test]
    fn each_change_is_counted_and_told() {
        let kernel = Kernel::new();
        let host = kernel.add_host("a:b", HostConfig::default()).unwrap();
        let definition: Arc<str> = "a:one".into();
        let spawn = Spawn {
            definition: Some(&definition),
            name: Some("first"),
            ..Spawn::default()
        };
        let process = kernel
            .spawn(host.reserve().unwrap(), spawn)
            .unwrap()
            .process;
        assert_eq!(process.definition().as_deref(), Some("a:one"));
        assert_eq!(process.names(), ["first".into()]);

        let mut version = process.attributes_version();
        let mut has_changed = |by: &str| {
            let earlier = std::mem::replace(&mut version, process.attributes_version());
            assert!(earlier < version, "{by}");
        };
        kernel.register("second", &process).unwrap();
        has_changed("register");
        kernel.unregister("first").unwrap();
        has_changed("unregister");
        process.set_definition("a:two".into());
        has_changed("set_definition");
        assert_eq!(process.names(), ["second".into()]);

        kernel.register("second", &process).unwrap();
        assert_eq!(process.attributes_version(), version, "nothing changed");
    }
}
