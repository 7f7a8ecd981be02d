//! Names of the cluster.
//!
//! The node of a process names it, and takes a name back from it, by its own policies.

use std::sync::Arc;

use warren_kernel::{Error, FarPid, Kernel, Kind, Process};

use super::Guest;
use super::far::{Far, unexpected};
use super::registry::registration;
use crate::remote::{FarAnswer, FarAsk, Remote};
use crate::security::{Elsewhere, Question, Refusal};

impl Guest {
    /// Gives a process of this node a name that is unique in the cluster.
    pub(crate) fn register_in_cluster(
        &mut self,
        name: &str,
        target: Option<&str>,
    ) -> Result<(), Refusal> {
        let Some(remote) = self.shared.remote.as_ref().map(Arc::clone) else {
            // A cluster of one node.
            return self.register(name, target);
        };
        self.lines_first();
        let process = match self.process_of_name(target) {
            Ok(process) => process,
            Err(absent) => return self.register_far(name, target, absent),
        };
        self.permit_registration(name, process.text())?;
        let kernel = Arc::clone(&self.shared.kernel);
        let taken = taking_name(remote, kernel, name.to_owned(), process)?;
        Err(Elsewhere::refusal(taken))
    }

    /// Has the node of a process give it a name. `absent` is the error of a process that this
    /// node lacks, and is returned for a target that is of no other node.
    #[cold]
    fn register_far(
        &mut self,
        name: &str,
        target: Option<&str>,
        absent: Error,
    ) -> Result<(), Refusal> {
        let target = target.filter(|_| absent.kind == Kind::NotFound);
        let far = target.and_then(|target| self.far_destination(target));
        let Some(Far::Process(to)) = far else {
            return Err(absent.into());
        };
        self.permit_registration(name, &to.text)?;
        let errand = self.errand()?;
        let name = name.to_owned();
        Err(Elsewhere::refusal(async move {
            let node = to.address.node.clone();
            let taken = errand.ask(&node, FarAsk::Register { to, name }).await;
            taken.map(|_| 1)
        }))
    }

    /// Frees a name of the cluster, whoever holds it.
    pub(crate) fn unregister_in_cluster(&mut self, name: &str) -> Result<bool, Refusal> {
        let Some(remote) = self.shared.remote.as_ref().map(Arc::clone) else {
            return self.unregister(name);
        };
        let here = self.unregister(name)?;
        let errand = self.errand()?;
        let name = name.to_owned();
        Err(Elsewhere::refusal(async move {
            let was_held = match remote.lookup(&name).await {
                // The node of the holder asks its own policies.
                Ok((to, _)) if !to.is_of(remote.node()) => {
                    let node = to.address.node.clone();
                    match errand.ask(&node, FarAsk::Unregister { to, name }).await? {
                        FarAnswer::Number(names) => names > 0,
                        _ => return Err(unexpected()),
                    }
                }
                Ok(_) => remote.unregister(&name).await?,
                Err(error) if error.kind == Kind::NotFound => false,
                Err(error) => return Err(error),
            };
            Ok(u32::from(was_held || here))
        }))
    }
}

/// Begins to take a name of the cluster, unless another process of this node has it.
pub(crate) fn taking_name(
    remote: Arc<dyn Remote>,
    kernel: Arc<Kernel>,
    name: String,
    process: Arc<Process>,
) -> Result<impl Future<Output = Result<u32, Error>> + Send + 'static, Error> {
    match kernel.lookup(&name) {
        // Refused with the holder, unless that ends at this moment.
        Ok(held) if held.pid() != process.pid() => kernel.register(&name, &process)?,
        Ok(_) => {}
        Err(error) if error.kind == Kind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(take_name(remote, kernel, name, process))
}

/// Takes a name of the cluster from a process of this node. Returns the number of names that
/// the process held.
pub(crate) async fn taken_back(
    remote: Arc<dyn Remote>,
    name: String,
    from: FarPid,
) -> Result<u64, Error> {
    match remote.lookup(&name).await {
        Ok((holder, _)) if holder.text == from.text => {
            Ok(u64::from(remote.unregister(&name).await?))
        }
        Ok(_) => Ok(0),
        Err(error) if error.kind == Kind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Returns the question for the permission of another node's process to give a process of this
/// node a name.
pub(crate) fn registration_of(kernel: &Kernel, name: &str, process: &Process) -> Question {
    registration(kernel, name, process.text())
}

/// Takes a name of the cluster, and then the name on this node: nobody here finds a process by
/// a name that another node holds. Returns 1, for true.
async fn take_name(
    remote: Arc<dyn Remote>,
    kernel: Arc<Kernel>,
    name: String,
    process: Arc<Process>,
) -> Result<u32, Error> {
    remote.register(&name, &process).await?;
    let here = kernel.register_in_cluster(&name, &process);
    // The name of the cluster may have been lost before the one of this node was taken.
    let holder = remote.lookup(&name).await;
    let holds = holder.is_ok_and(|(pid, _)| *pid.text == **process.text());
    match here {
        Ok(()) if holds => Ok(1),
        Ok(()) => {
            free_if_held(&kernel, &name, &process);
            let message = "the name was lost at once";
            Err(Error::new(Kind::Unavailable, message))
        }
        Err(error) => {
            if holds {
                // If this fails, the name is free when the process ends.
                let _ = remote.unregister(&name).await;
            }
            Err(error)
        }
    }
}

/// Frees a name of this node if a process holds it.
pub(crate) fn free_if_held(kernel: &Kernel, name: &str, process: &Process) {
    if kernel
        .lookup(name)
        .is_ok_and(|held| held.pid() == process.pid())
    {
        // Held, so it can be a name.
        let _ = kernel.unregister(name);
    }
}
