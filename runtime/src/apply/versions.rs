//! The versions of a runtime: the present one, and the one before.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{MutexGuard, oneshot};
use warren_capabilities::server::{self, Bound, ListenError, Server};
use warren_capabilities::{Metrics, Queues, TokenStores, Volumes};
use warren_engine::{Node, Prepared, Published, Reload, Unprepared};
use warren_kernel::{Error, Host};

use super::applied::Applied;
use super::change::Change;
use super::error::ApplyError;
use super::plan::Plan;
use super::steps::Steps;
use super::target::Target;
use super::version::Version;
use super::web;
use super::work::Work;
use crate::app::{App, Changes, Policies};
use crate::consumers::{Consumers, Removed};
use crate::definitions::LayeredDefinitions;
use crate::own_directories::OwnDirectories;
use crate::reload::{ReloadError, Reloaded, refused_code};
use crate::services::{ServiceError, Services, Update};

/// The versions of one runtime, and what carries them out beside the node.
pub(crate) struct Versions {
    present: RwLock<Arc<Version>>,
    /// The version before, if there is one to go back to.
    before: Mutex<Option<Arc<Version>>>,
    /// Held while a version is put in place.
    running: tokio::sync::Mutex<()>,
    policies: Option<Arc<Policies>>,
    own: OwnDirectories,
    services: Arc<Services>,
    consumers: Consumers,
    server: Arc<Server>,
    metrics: Metrics,
    /// Definitions that are gone and have metrics: processes that outlive them have begun
    /// these anew.
    outlived: Mutex<BTreeSet<Arc<str>>>,
}

impl Default for Versions {
    /// Returns one empty version.
    fn default() -> Self {
        let own = OwnDirectories::default();
        let server = Server::new(TokenStores::default(), Volumes::default(), None);
        Versions::new(Version::default(), None, own, (server, Metrics::default()))
    }
}

impl Versions {
    pub(crate) fn new(
        first: Version,
        policies: Option<Arc<Policies>>,
        own: OwnDirectories,
        (server, metrics): (Server, Metrics),
    ) -> Versions {
        Versions {
            services: Services::new(first.services.iter().cloned()),
            consumers: Consumers::new(first.consumers.iter().cloned(), first.queues.clone()),
            present: RwLock::new(Arc::new(first)),
            before: Mutex::default(),
            running: tokio::sync::Mutex::default(),
            policies,
            own,
            server: Arc::new(server),
            metrics,
            outlived: Mutex::default(),
        }
    }

    /// Returns the definitions from which processes start now.
    pub(crate) fn definitions(&self) -> Arc<LayeredDefinitions> {
        Arc::clone(&self.present.read().definitions)
    }

    /// Returns the number of the present version.
    pub(crate) fn number(&self) -> u64 {
        self.present.read().number
    }

    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.services
    }

    pub(crate) fn consumers(&self) -> &Consumers {
        &self.consumers
    }

    pub(crate) fn queues(&self) -> Queues {
        self.present.read().queues.clone()
    }

    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Opens the listeners of the present version, unless they are open.
    ///
    /// # Errors
    ///
    /// See [`ListenError`]. No listener was opened.
    pub(crate) async fn listen(&self, node: &Arc<Node>) -> Result<Vec<Bound>, ListenError> {
        let _running = self.lock().await;
        if node.is_ending() {
            return Err(ListenError::Ending);
        }
        if !self.server.has_begun() {
            let settings = Arc::clone(&self.present.read().web);
            let prepared = web::prepare(&self.server, node, &settings).await?;
            self.server.put(node, prepared, Duration::ZERO);
        }
        Ok(self.server.bound())
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Forgets the metrics of definitions that are gone, once no process runs them: one that
    /// outlived its definition may have begun them anew.
    pub(crate) fn forget_outlived_metrics(&self, node: &Node) {
        let mut outlived = self.outlived.lock();
        // First: what is removed after the look at the definitions is forgotten by the removal.
        outlived.extend(self.metrics.begun());
        if outlived.is_empty() {
            return;
        }
        let definitions = self.definitions();
        outlived.retain(|id| !definitions.contains(id));
        if outlived.is_empty() {
            return;
        }
        let run = node.kernel().scan().filter_map(|one| one.definition());
        let run: HashSet<_> = run.filter(|id| outlived.contains(id)).collect();
        outlived.retain(|id| {
            let is_run = run.contains(id);
            if !is_run {
                self.metrics.forget(id);
            }
            is_run
        });
    }

    /// Opens a program with the options of the present one.
    pub(crate) fn reopen(&self, path: &Path) -> Result<App, ApplyError> {
        let definitions = self.definitions();
        let app = definitions.app().ok_or(ApplyError::NoProgram)?;
        app.reopen(path)
            .map_err(|error| ApplyError::App(Box::new(error)))
    }

    /// Waits until no other version is being put in place.
    pub(super) async fn lock(&self) -> MutexGuard<'_, ()> {
        self.running.lock().await
    }

    /// Returns the present version, with the policies as they are now.
    fn present(&self) -> Version {
        let present = Version::clone(&self.present.read());
        let rules = self.policies.as_ref().map(|policies| policies.rules());
        Version { rules, ..present }
    }

    /// Plans a change.
    pub(super) async fn plan(&self, node: &Arc<Node>, change: Change) -> Result<Work, ApplyError> {
        if node.is_ending() {
            return Err(ending());
        }
        let (present, own) = (self.present(), self.own.clone());
        let from = present.clone();
        // Reading policies and comparing files takes a while.
        let target = node
            .tokio()
            .spawn_blocking(move || Target::of_change(&from, change, &own));
        let target = target.await.map_err(|_| ending())??;
        self.prepare(node, present, target).await
    }

    /// Plans and applies a change.
    pub(crate) async fn apply(
        self: &Arc<Self>,
        node: &Arc<Node>,
        change: Change,
    ) -> Result<Applied, ApplyError> {
        let _running = self.lock().await;
        let work = self.plan(node, change).await?;
        self.publish(work)
    }

    /// Plans a return to the version before.
    pub(super) async fn plan_rollback(
        &self,
        node: &Arc<Node>,
        grace: Duration,
    ) -> Result<Work, ApplyError> {
        if node.is_ending() {
            return Err(ending());
        }
        let earlier = self.before.lock().clone();
        let earlier = earlier.ok_or(ApplyError::NothingBefore)?;
        let present = self.present();
        let target = Target::of_version(&present, &earlier, grace)?;
        self.prepare(node, present, target).await
    }

    /// Takes the files of the program as they are now.
    pub(crate) async fn reload(
        self: &Arc<Self>,
        node: &Arc<Node>,
    ) -> Result<Reloaded, ReloadError> {
        let _running = self.lock().await;
        let present = self.present();
        let definitions = Arc::clone(&present.definitions);
        let reread = move || match definitions.app() {
            Some(app) => app.reread().map_err(ReloadError::from),
            None => Err(ReloadError::NoProgram),
        };
        let reread = node.tokio().spawn_blocking(reread);
        let ended = |_| ReloadError::Ending(Error::internal("the runtime is ending"));
        let reread = reread.await.map_err(ended)??;
        let changes = reread.changes;
        let told = Told::of(&changes);
        let target = Target::of_reread(&present, reread.app, changes);
        let work = self.prepare(node, present, target).await?;
        let (published, _) = self.exchange(work).map_err(ReloadError::from)?;
        let requiring = published.map(|published| published.requiring);
        Ok(told.with(requiring.unwrap_or_default()))
    }

    /// Compiles what is new in a version.
    async fn prepare(
        &self,
        node: &Arc<Node>,
        present: Version,
        mut target: Target,
    ) -> Result<Work, ApplyError> {
        let mut steps = Steps::between(&present, &mut target);
        let plan = Plan {
            version: present.number,
            steps: std::mem::take(&mut steps.steps),
        };
        let keeps_before = plan.is_nothing() && steps.only_reopens();
        let prepared = match plan.is_nothing() && steps.is_nothing() {
            true => None,
            false => Some(self.compile(node, &present, &target, &mut steps).await?),
        };
        let web = self.prepare_web(node, &present, &target).await?;
        Ok(Work {
            node: Arc::clone(node),
            plan,
            target,
            gone: steps.gone,
            prepared,
            web,
            present_rules: present.rules,
            keeps_before,
        })
    }

    /// Opens what is new of the listeners of a version.
    async fn prepare_web(
        &self,
        node: &Arc<Node>,
        present: &Version,
        target: &Target,
    ) -> Result<Option<server::Prepared>, ApplyError> {
        let settings = &target.version.web;
        if present.web == *settings || !self.server.has_begun() {
            return Ok(None);
        }
        Ok(Some(web::prepare(&self.server, node, settings).await?))
    }

    async fn compile(
        &self,
        node: &Arc<Node>,
        present: &Version,
        target: &Target,
        steps: &mut Steps,
    ) -> Result<Prepared, ApplyError> {
        let changed = std::mem::take(&mut steps.changed);
        let files: HashMap<_, _> = changed
            .iter()
            .filter_map(|one| Some((Arc::clone(&one.id), Arc::clone(&one.code.source()?.name))))
            .collect();
        let rules = target.version.rules.clone();
        let rules = rules.filter(|rules| !present.has_rules(rules));
        let enforce = rules.zip(self.policies.clone()).map(|(rules, policies)| {
            Box::new(move || policies.enforce(rules)) as Box<dyn FnOnce() + Send>
        });
        let reload = Reload {
            changed,
            replaced: std::mem::take(&mut steps.replaced),
            stale: std::mem::take(&mut steps.stale),
            hosts: std::mem::take(&mut steps.hosts),
            removed_hosts: std::mem::take(&mut steps.removed_hosts),
            policies: enforce,
            ..Reload::new(Arc::clone(&target.version.definitions) as _)
        };
        node.prepare_reload(reload)
            .await
            .map_err(|refused| match refused {
                Unprepared::Host { name, error } => ApplyError::Host { name, error },
                Unprepared::Code(refused) => ApplyError::Code(refused_code(&refused, &files)),
                other => ApplyError::Ending(Error::internal(other.to_string())),
            })
    }

    /// Puts a planned version in place, and starts to carry out what takes longer. The
    /// caller holds the lock.
    pub(super) fn publish(self: &Arc<Self>, work: Work) -> Result<Applied, ApplyError> {
        let plan = work.plan.clone();
        let node = Arc::clone(&work.node);
        let grace = work.target.grace;
        let gone = work.gone.clone();
        let grants = work.target.is_of_disk && !plan.is_nothing();
        let (published, exchanged) = self.exchange(work)?;
        if grants && let Some(app) = self.definitions().app() {
            app.warn_of_self_writes();
        }
        let removed = published.map(|published| published.removed);
        let new_services = exchanged.services.as_ref().map(Update::new_services);
        let settled = self.settle(&node, removed.unwrap_or_default(), exchanged, &gone, grace);
        Ok(Applied {
            version: self.number(),
            plan,
            node,
            settled,
            new_services,
        })
    }

    /// Puts a planned version in place of the present one. Returns the change of services,
    /// if there is one to carry out.
    fn exchange(&self, work: Work) -> Result<(Option<Published>, Exchanged), ApplyError> {
        match &self.policies {
            // Policies that are read anew come before or after.
            Some(policies) => policies.in_turn(|| self.exchange_in_turn(work)),
            None => self.exchange_in_turn(work),
        }
    }

    fn exchange_in_turn(&self, work: Work) -> Result<(Option<Published>, Exchanged), ApplyError> {
        let (plan, node) = (&work.plan, work.node);
        let present = self.present();
        if present.number != plan.version {
            return Err(ApplyError::Conflict {
                planned: plan.version,
                present: present.number,
            });
        }
        let Some(prepared) = work.prepared else {
            let same = work.target.version.app().filter(|_| work.target.is_of_disk);
            if let (Some(present), Some(same)) = (present.app(), same) {
                present.take_manifest_of(same);
            }
            return Ok((None, Exchanged::default()));
        };
        // Listeners were opened after the plan was made.
        let lacks_listeners = work.web.is_none() && self.server.has_begun();
        if lacks_listeners && present.web != work.target.version.web {
            return Err(ApplyError::Conflict {
                planned: plan.version,
                present: present.number,
            });
        }
        let rules = work.target.version.rules.as_ref();
        if let (Some(planned), Some(rules)) = (&work.present_rules, rules)
            && !planned.is(rules)
            && !present.has_rules(planned)
        {
            return Err(ApplyError::PoliciesChanged);
        }
        let (version, forget_previous) = (work.target.version, work.target.forget_previous);
        let services = (!Arc::ptr_eq(&present.services, &version.services))
            .then(|| Arc::clone(&version.services));
        let consumers = (!Arc::ptr_eq(&present.consumers, &version.consumers))
            .then(|| Arc::clone(&version.consumers));
        let (listeners, grace) = (work.web, work.target.grace);
        let mut exchanged = Exchanged::default();
        let published = node.publish_with(prepared, || {
            exchanged.services = services.map(|services| self.services.exchange(&services));
            exchanged.consumers = consumers.map(|consumers| self.consumers.exchange(&consumers));
            if let Some(listeners) = listeners {
                self.server.put(&node, listeners, grace);
            }
        });
        let version = Arc::new(version);
        let replaced = std::mem::replace(&mut *self.present.write(), version);
        let forgotten = match (forget_previous, work.keeps_before) {
            (true, _) => self.before.lock().take(),
            (false, true) => None,
            (false, false) => self.before.lock().replace(Arc::new(present)),
        };
        // Freed without a lock.
        drop((replaced, forgotten));
        Ok((Some(published), exchanged))
    }

    /// Ends removed hosts, and ends and starts services and consumers, whether or not somebody
    /// waits. The returned future waits for new services to be up, too.
    fn settle(
        self: &Arc<Self>,
        node: &Arc<Node>,
        removed: Vec<Arc<Host>>,
        exchanged: Exchanged,
        gone: &[Arc<str>],
        grace: Duration,
    ) -> BoxFuture<'static, Result<(), ServiceError>> {
        for id in gone {
            self.metrics.forget(id);
        }
        self.forget_outlived_metrics(node);
        let Exchanged {
            services,
            consumers,
        } = exchanged;
        if removed.is_empty() && services.is_none() && consumers.is_none() {
            return ready(Ok(())).boxed();
        }
        let deadline = node.now().after(grace);
        let (_, drained) = node.end_hosts(&removed, Some(deadline));
        let hosts: Vec<usize> = removed.iter().map(|host| host.number()).collect();
        drop(removed);
        let new = services.as_ref().map(Update::new_services);
        let waiting = Arc::clone(node);
        let (sender, ended) = oneshot::channel();
        let (node, versions) = (Arc::clone(node), Arc::clone(self));
        let tokio = node.tokio().clone();
        tokio.spawn(async move {
            let ending = async {
                if let Some(removed) = consumers {
                    versions.consumers.start_new(&node);
                    removed.end(&node, grace).await;
                }
            };
            let updating = async {
                if let Some(update) = services {
                    update.run(&node, grace).await;
                }
            };
            tokio::join!(ending, updating);
            let begun = Instant::now();
            drained.await;
            for host in hosts {
                versions.metrics.forget_host(host);
            }
            versions.forget_outlived_metrics(&node);
            // Fails only if nobody waits.
            let _ = sender.send(begun);
        });
        let settled = async move {
            match (ended.await, new) {
                (Ok(begun), Some(new)) => new.come_up(&waiting, begun).await,
                // Fails only if the tokio runtime is gone, and every process with it.
                (Err(_), _) | (_, None) => Ok(()),
            }
        };
        settled.boxed()
    }
}

/// The services and consumers that an exchange has brought or removed.
#[derive(Default)]
struct Exchanged {
    services: Option<Update>,
    consumers: Option<Removed>,
}

fn ending() -> ApplyError {
    ApplyError::Ending(Error::internal("the runtime is ending"))
}

/// The part of the report of a reload that the files tell.
struct Told {
    changed: BTreeSet<Arc<str>>,
    added: Vec<Arc<str>>,
    removed: Vec<Arc<str>>,
    unchanged: usize,
    manifest: bool,
}

impl Told {
    fn of(changes: &Changes) -> Told {
        Told {
            changed: changes.changed.iter().cloned().collect(),
            added: changes.added.clone(),
            removed: changes.removed.clone(),
            unchanged: changes.unchanged,
            manifest: changes.manifest,
        }
    }

    /// Adds the definitions of which a process has required a file that is another.
    fn with(self, requiring: Vec<Arc<str>>) -> Reloaded {
        let texts = |ids: Vec<Arc<str>>| ids.iter().map(|id| id.to_string()).collect::<Vec<_>>();
        let mut changed = self.changed.clone();
        // An id is in one list.
        let others: BTreeSet<_> = self.added.iter().chain(&self.removed).collect();
        changed.extend(requiring.into_iter().filter(|id| !others.contains(id)));
        drop(others);
        let more = changed.len() - self.changed.len();
        Reloaded {
            changed: texts(changed.into_iter().collect()),
            added: texts(self.added),
            removed: texts(self.removed),
            unchanged: self.unchanged.saturating_sub(more),
            manifest_changed: self.manifest,
        }
    }
}

impl From<ApplyError> for ReloadError {
    fn from(error: ApplyError) -> ReloadError {
        match error {
            ApplyError::Code(refused) => ReloadError::Code(refused),
            ApplyError::Files(error) => ReloadError::Files(error),
            ApplyError::NoProgram => ReloadError::NoProgram,
            ApplyError::Ending(error) => ReloadError::Ending(error),
            // A reload changes files of code alone.
            other => ReloadError::Ending(Error::internal(other.to_string())),
        }
    }
}

impl fmt::Debug for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Versions")
            .field("present", &self.number())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_counts_once() {
        let ids = |ids: &[&str]| -> Vec<Arc<str>> { ids.iter().map(|id| Arc::from(*id)).collect() };
        let mut changes = Changes::default();
        changes.changed = ids(&["a:b"]);
        changes.unchanged = 3;
        let told = Told::of(&changes).with(ids(&["a:b", "a:a"]));
        assert_eq!(
            (told.changed, told.unchanged),
            (vec!["a:a".to_owned(), "a:b".to_owned()], 2)
        );
        let mut changes = Changes::default();
        (changes.added, changes.removed) = (ids(&["a:new"]), ids(&["a:gone"]));
        let told = Told::of(&changes).with(ids(&["a:new", "a:gone"]));
        assert_eq!(told.changed, [""; 0]);
    }
}
