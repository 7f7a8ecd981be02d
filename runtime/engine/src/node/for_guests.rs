//! The operations that guests call on their node.

use std::sync::Arc;

use futures::future::BoxFuture;
use warren_kernel::{Error, Host, Spawned};

use super::Node;
use crate::code::artifact::Artifact;
use crate::code::class::Class;
use crate::code::program::Program;
use crate::guest::{Module, NodeForGuests, Run, Slot, SpawnRequest, UpgradeRequest};

impl NodeForGuests for Node {
    fn spawn(self: Arc<Self>, request: SpawnRequest) -> BoxFuture<'static, Result<Spawned, Error>> {
        Box::pin(self.spawn_process(request))
    }

    fn permit_spawn(&self, request: &mut SpawnRequest) -> Result<(), Error> {
        request.check_permissions(self.programs.set.get().definitions())
    }

    fn free_slot(&self, host: &Host, artifact: &Artifact, class: Class) -> Option<Slot> {
        let slots = self.host_slots(host).of(artifact.shape());
        // Without mappings left, the process waits for a slot like without slots.
        let slot = slots.free_slot_of(class).ok().flatten()?;
        slot.pool().has_loaded(artifact.number()).then_some(slot)
    }

    fn slot(
        self: Arc<Self>,
        host: Arc<Host>,
        artifact: Arc<Artifact>,
    ) -> BoxFuture<'static, Result<Slot, Error>> {
        Box::pin(async move { Node::slot(&self, &host, &artifact).await })
    }

    fn upgrade(
        self: Arc<Self>,
        upgrade: UpgradeRequest,
    ) -> BoxFuture<'static, Result<(Run, Option<Slot>), Error>> {
        Box::pin(async move { self.ready_upgrade(upgrade).await })
    }

    fn module(
        self: Arc<Self>,
        program: Arc<Program>,
        name: String,
        host: Arc<Host>,
    ) -> BoxFuture<'static, Result<Option<Module>, Error>> {
        Box::pin(async move { self.module_of(&program, &name, &host).await })
    }
}

impl Node {
    async fn ready_upgrade(
        self: &Arc<Self>,
        upgrade: UpgradeRequest,
    ) -> Result<(Run, Option<Slot>), Error> {
        let (host, running) = (upgrade.process.host(), &upgrade.running);
        self.shared
            .check_arguments(&upgrade.arguments, host)
            .await?;
        let set = self.programs.set.get();
        let definition = set.definitions().definition(&upgrade.definition)?;
        let program = self.program(&set, definition, host).await?;
        let artifact = program.artifact()?;
        let stays = artifact.shape() == running.artifact()?.shape();
        // Taken before the old code unwinds: if no slot is free, the old code goes
        // on.
        let slot = match &upgrade.pool {
            Some(pool) if stays => {
                self.load(artifact, pool, host.number()).await?;
                None
            }
            _ => Some(self.slot(host, artifact).await?),
        };
        // An upgrade changes the code, not the grants.
        let program = Arc::new(program.with_grants(Arc::clone(&running.grants)));
        let arguments = upgrade.arguments;
        Ok((Run { program, arguments }, slot))
    }
}
