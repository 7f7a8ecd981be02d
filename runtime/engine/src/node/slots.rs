//! Slots for instances, with the code loaded for them.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use warren_kernel::{Error, Host};

use super::Node;
use crate::blocking;
use crate::code::artifact::Artifact;
use crate::code::pool::Pools;
use crate::code::slots::Slots;
use crate::guest::{Guest, Pool, Slot};

/// The most tries to get the slot of a process that is parked, and the time before each.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

impl Node {
    /// Takes a slot for an instance of this code in a host, and loads the code into
    /// its pool.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`] and [`Node::load`].
    pub(crate) async fn slot(
        self: &Arc<Self>,
        host: &Host,
        artifact: &Arc<Artifact>,
    ) -> Result<Slot, Error> {
        let slots = self.host_slots(host).of(artifact.shape());
        let found = match slots.free_slot() {
            Ok(Some(slot)) => Ok(slot),
            Ok(None) => self.opened_slot(slots, host).await,
            Err(error) => Err(error),
        };
        let slot = match found {
            Ok(slot) => slot,
            Err(error) => self.vacated_slot(slots, error).await?,
        };
        if let Some(next) = slots.next_after(&slot)
            && artifact.begins_ahead()
        {
            self.compile_ahead(Arc::clone(artifact), Arc::clone(next), host.number());
        }
        if slot.is_followed() {
            self.open_ahead(slots);
        }
        self.load(artifact, slot.pool(), host.number()).await?;
        Ok(slot)
    }

    /// Takes a slot when none is free: opens a pool on a thread that may block, with a
    /// permit of the host. Refuses without a thread if no pool can be opened, so that
    /// refusals of one host do not queue before the openings of another.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    async fn opened_slot(&self, slots: &Slots<Guest>, host: &Host) -> Result<Slot, Error> {
        slots.check_room()?;
        let permit = self.opening.permit(host.number()).await;
        // A spawn that had the permit before may have opened a pool.
        if let Some(slot) = slots.free_slot()? {
            return Ok(slot);
        }
        let slots = slots.clone();
        // Via the handle: the caller may be outside the tokio runtime.
        let opened = blocking::spawn(&self.shared.tokio, move || {
            let _permit = permit;
            slots.slot()
        });
        opened
            .await
            .map_err(|error| Error::internal(format!("cannot open a pool: {error}")))?
    }

    /// Has processes that wait give up their slots, and takes one of these.
    ///
    /// # Errors
    ///
    /// `refused`, if no slot becomes free for a while.
    #[cold]
    async fn vacated_slot(&self, slots: &Slots<Guest>, refused: Error) -> Result<Slot, Error> {
        for _ in 0..TRIES {
            if !self.shared.parking.make_room() {
                break;
            }
            self.shared.real_sleep(PAUSE).await;
            // An error is that of a machine without mappings, as before.
            if let Ok(Some(slot)) = slots.free_slot() {
                return Ok(slot);
            }
        }
        Err(refused)
    }

    /// Loads code into a pool. If the code is not yet compiled for the pool's
    /// class, compiles it with a permit of the host of this number.
    ///
    /// # Errors
    ///
    /// See [`Artifact::load`].
    pub(crate) async fn load(
        &self,
        artifact: &Arc<Artifact>,
        pool: &Arc<Pool>,
        host: usize,
    ) -> Result<(), Error> {
        if pool.has_loaded(artifact.number()) {
            return Ok(());
        }
        let class = pool.class();
        if !artifact.is_compiled(class) {
            let cell = artifact.making(class);
            cell.get_or_try_init(|| async {
                let _permit = self.compiling.permit(host).await;
                let (artifact, pool) = (Arc::clone(artifact), Arc::clone(pool));
                let compiler = self.compiler.clone();
                compiling(move || artifact.compile_for(&pool, &compiler)).await
            })
            .await?;
        }
        artifact.load(pool)
    }

    /// Compiles for the pools that are used next, before a spawn has to wait for
    /// it.
    fn compile_ahead(
        self: &Arc<Self>,
        artifact: Arc<Artifact>,
        next: Arc<Pools<Guest>>,
        host: usize,
    ) {
        let node = Arc::clone(self);
        self.shared.tokio.spawn(async move {
            let ahead = async {
                let pool = compiling(move || next.first()).await?;
                node.load(&artifact, &pool, host).await
            };
            if let Err(error) = ahead.await {
                // A spawn that needs the code compiles it again, and gets the
                // error.
                tracing::debug!(
                    %error,
                    "cannot compile ahead for the next slots; a spawn will try again"
                );
            }
        });
    }

    /// Opens the second pool on a thread that may block, before a spawn has to wait for it.
    fn open_ahead(&self, slots: &Slots<Guest>) {
        let slots = slots.clone();
        drop(blocking::spawn(&self.shared.tokio, move || {
            if let Err(error) = slots.open_ahead() {
                // A spawn that needs a slot tries again, and gets the error.
                tracing::debug!(%error, "cannot open a pool ahead");
            }
        }));
    }
}

/// Runs work of seconds on a thread of its own. The end of the program does not
/// wait for this thread.
///
/// # Errors
///
/// The errors of the work; `Internal` if no thread can be started or the work
/// panicked.
pub(super) async fn compiling<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (sender, done) = oneshot::channel();
    thread::Builder::new()
        .name("warren-compile".into())
        .spawn(move || {
            // Fails only if the caller no longer waits; the code cache has the
            // result.
            let _ = sender.send(work());
        })
        .map_err(|error| {
            Error::internal(format!("cannot start a thread to compile on: {error}"))
        })?;
    done.await
        .map_err(|_| Error::internal("cannot compile: the compiling thread panicked"))?
}
