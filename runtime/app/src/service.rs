//! Processes that start with the program and are restarted.

use std::sync::Arc;
use std::time::Duration;

use warren_engine::DEFAULT_HOST;
use warren_engine::security::Identity;
use warren_values::Value;

/// A table `[services."id"]`: a process that is started with the program under
/// the name `id`, and restarted by its [`Restart`] rules.
///
/// ```
/// use warren_app::{Service, sort_services};
///
/// let store = Service::new("shop:store", "shop.store:main").critical(true);
/// let orders = Service::new("shop:orders", "shop.orders:handler")
///     .argument("eu")
///     .depends_on("shop:store");
/// let mut services = vec![orders, store];
/// sort_services(&mut services)?;
/// let names: Vec<&str> = services.iter().map(|service| &*service.name).collect();
/// assert_eq!(names, ["shop:store", "shop:orders"]);
/// # Ok::<_, warren_app::DependencyError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// The registered name.
    pub name: Arc<str>,
    /// The definition it runs.
    pub definition: Arc<str>,
    /// The host it runs in.
    pub host: Arc<str>,
    /// Its arguments.
    pub arguments: Vec<Value>,
    /// Names of the services that start before this one, and are asked to end
    /// after it.
    pub depends_on: Vec<Arc<str>>,
    /// True if the program ends once this service has failed for good.
    pub critical: bool,
    /// True if the service runs on one node of the cluster at a time.
    pub one_in_cluster: bool,
    /// The restart rules.
    pub restart: Restart,
    /// Its identity; takes precedence over the identities of its definition and
    /// host.
    pub identity: Identity,
}

impl Service {
    /// Returns a service of this name, which runs a definition in [`DEFAULT_HOST`]: without
    /// arguments, dependencies or identity, not critical, on every node of a cluster, with the
    /// default restart rules.
    pub fn new(name: impl Into<Arc<str>>, definition: impl Into<Arc<str>>) -> Service {
        Service {
            name: name.into(),
            definition: definition.into(),
            host: DEFAULT_HOST.into(),
            arguments: Vec::new(),
            depends_on: Vec::new(),
            critical: false,
            one_in_cluster: false,
            restart: Restart::default(),
            identity: Identity::default(),
        }
    }

    /// Sets the host.
    #[must_use]
    pub fn host(mut self, host: impl Into<Arc<str>>) -> Service {
        self.host = host.into();
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<Value>) -> Service {
        self.arguments.push(argument.into());
        self
    }

    /// Adds a service that starts before this one and is asked to end after it.
    #[must_use]
    pub fn depends_on(mut self, name: impl Into<Arc<str>>) -> Service {
        self.depends_on.push(name.into());
        self
    }

    /// Sets whether the program ends once this service has failed for good.
    #[must_use]
    pub fn critical(mut self, critical: bool) -> Service {
        self.critical = critical;
        self
    }

    /// Sets whether the service runs on one node of the cluster at a time. The other nodes
    /// stand by, and one of them starts it when that node is down. Outside a cluster this
    /// changes nothing.
    #[must_use]
    pub fn one_in_cluster(mut self, one_in_cluster: bool) -> Service {
        self.one_in_cluster = one_in_cluster;
        self
    }

    /// Sets the restart rules.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Service {
        self.restart = restart;
        self
    }

    /// Sets the identity of its processes.
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Service {
        self.identity = identity;
        self
    }
}

/// The rules by which a process that has ended is restarted.
///
/// ```
/// use std::time::Duration;
/// use warren_app::{Restart, RestartPolicy, Service};
///
/// // Waits 10 ms, 30 ms and 90 ms, and then 100 ms before each further start.
/// let restart = Restart {
///     policy: RestartPolicy::Always,
///     initial_delay: Duration::from_millis(10),
///     max_delay: Duration::from_millis(100),
///     backoff: 3.0,
///     jitter: 0.0,
///     ..Restart::default()
/// };
/// let orders = Service::new("shop:orders", "shop.orders:handler").restart(restart);
/// assert_eq!(orders.restart.max_attempts, 10); // the default
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Restart {
    /// The ends that lead to a restart.
    pub policy: RestartPolicy,
    /// The code of a restart, if the process that ended had been upgraded.
    pub code: RestartCode,
    /// Starts in a row after which the service is given up, the first included;
    /// see [`Restart::reset_after`].
    pub max_attempts: u32,
    /// Delay before the second start of a row.
    pub initial_delay: Duration,
    /// The longest delay.
    pub max_delay: Duration,
    /// Factor by which each delay grows over the previous one; at least 1.
    pub backoff: f64,
    /// Part of a delay by which it may be longer or shorter, at random, so that
    /// services that failed together do not start together: 0 to 1.
    pub jitter: f64,
    /// Time after which the next start of a process begins a new row.
    pub reset_after: Duration,
}

/// The ends after which a process is restarted.
///
/// ```
/// use warren_app::{App, AppOptions, Restart, RestartPolicy};
///
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("main.lua"), "return 1")?;
/// let manifest = r#"
///     [services."app:clock"]
///     process = "app:main"
///     restart = { policy = "always" }
/// "#;
/// std::fs::write(directory.path().join("warren.toml"), manifest)?;
/// let app = App::open(directory.path(), AppOptions::default())?;
/// assert_eq!(app.services()[0].restart.policy, RestartPolicy::Always);
/// assert_eq!(Restart::default().policy, RestartPolicy::OnFailure);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartPolicy {
    /// Every end.
    Always,
    /// An error, whatever its cause; not a return.
    OnFailure,
    /// No end.
    Never,
}

impl RestartPolicy {
    /// All policies, each with its text in a manifest.
    pub(crate) const ALL: [(&'static str, RestartPolicy); 3] = [
        ("always", RestartPolicy::Always),
        ("on-failure", RestartPolicy::OnFailure),
        ("never", RestartPolicy::Never),
    ];
}

/// The code with which a process is restarted that had been upgraded.
///
/// ```
/// use warren_app::{App, AppOptions, Restart, RestartCode};
///
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("main.lua"), "return 1")?;
/// let manifest = r#"
///     [services."app:clock"]
///     process = "app:main"
///     restart = { code = "manifest" }
/// "#;
/// std::fs::write(directory.path().join("warren.toml"), manifest)?;
/// let app = App::open(directory.path(), AppOptions::default())?;
/// assert_eq!(app.services()[0].restart.code, RestartCode::Manifest);
/// assert_eq!(Restart::default().code, RestartCode::Upgraded);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartCode {
    /// The code of the last upgrade.
    #[default]
    Upgraded,
    /// The code of the definition in the manifest.
    Manifest,
}

impl RestartCode {
    /// All values, each with its text in a manifest.
    pub(crate) const ALL: [(&'static str, RestartCode); 2] = [
        ("upgraded", RestartCode::Upgraded),
        ("manifest", RestartCode::Manifest),
    ];
}

impl Default for Restart {
    fn default() -> Self {
        Restart {
            policy: RestartPolicy::OnFailure,
            code: RestartCode::Upgraded,
            max_attempts: 10,
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(90),
            backoff: 2.0,
            jitter: 0.1,
            reset_after: Duration::from_secs(5),
        }
    }
}
