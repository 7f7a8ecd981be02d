//! The stops of processes in a simulation.

use std::sync::Arc;

use tokio::task;

use super::Guest;
use super::asleep::Asleep;
use crate::sched::simulation::Pause;

impl Guest {
    /// Lets other processes go first, before an operation that they may notice, if the seed
    /// of the run chooses so.
    pub(crate) fn pause(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let shared = Arc::clone(&self.shared);
        let process = self.process().ok().cloned();
        async move {
            let pause = shared.simulation.as_ref().map(|choices| choices.pause());
            match pause {
                None | Some(Pause::None) => {}
                Some(Pause::Yield) => task::yield_now().await,
                Some(Pause::Delay(delay)) => {
                    let _asleep = process.map(Asleep::new);
                    shared.sleep(delay).await;
                }
            }
        }
    }
}
