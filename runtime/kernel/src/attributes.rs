//! The attributes of a process beside its PID: the code it runs and its names.
//! Policies judge by these attributes and keep a judgement until they change.

use crate::sync::atomic::{AtomicU64, Ordering};

/// Counter of the changes of one process's attributes.
#[derive(Debug)]
pub(crate) struct Attributes {
    version: AtomicU64,
}

impl Attributes {
    pub(crate) fn new() -> Attributes {
        Attributes {
            version: AtomicU64::new(0),
        }
    }

    /// Counts a change. The caller has made the change visible before, so that
    /// attributes read under an earlier version are never taken for later ones.
    pub(crate) fn have_changed(&self) {
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Returns the number of changes so far.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use crate::{HostConfig, Kernel, Origin, Spawn};

    #[test]
    fn each_change_is_counted_and_told() {
        let kernel = Kernel::new();
        let host = kernel.add_host("a:b", HostConfig::default()).unwrap();
        let origin = Origin {
            definition: "a:one".into(),
            ..Origin::default()
        };
        let spawn = Spawn {
            origin: Some(&origin),
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
        kernel.set_definition(&process, &"a:two".into());
        has_changed("set_definition");
        assert_eq!(process.definition().as_deref(), Some("a:two"));
        assert_eq!(process.names(), ["second".into()]);

        kernel.register("second", &process).unwrap();
        assert_eq!(process.attributes_version(), version, "nothing changed");
    }
}
