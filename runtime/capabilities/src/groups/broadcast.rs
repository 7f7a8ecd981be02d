//! `groups.broadcast`: a message to all members of a group.

use std::sync::Arc;

use warren_engine::capability::{Answer, Caller, Step};
use warren_kernel::{Error, Kernel, Kind, MAX_NAME_BYTES, Pid, Process};

use super::PART;
use super::list::Of;
use crate::answer;
use crate::request::Arguments;

/// The most bytes that are copied for members at a time.
const PART_BYTES: usize = 512 << 10;

/// The most members that are named, of those that were not reached.
const MAX_NAMED: usize = 16;

pub(super) fn broadcast(caller: &mut dyn Caller, request: &[u8], of: Of) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let group = arguments.text("group")?;
    let topic = arguments.text("topic")?;
    let payload = arguments.rest()?;
    let (kernel, sender) = (Arc::clone(caller.kernel()), Arc::clone(caller.process()));
    kernel.check_message(sender.host(), Some(&sender), topic, &payload)?;
    if group.len() <= MAX_NAME_BYTES {
        caller.permit("pg.broadcast", group, &[])?;
    }
    let far = match (of, caller.remote()) {
        (Of::AllNodes, Some((remote, far_caller))) => {
            let members = kernel.far_group_members(group)?.len();
            if members > 0 {
                remote.broadcast(far_caller, group, topic, &payload);
            }
            members as u64
        }
        _ => 0,
    };
    let mut sending = Sending {
        most: (PART_BYTES / payload.len().max(1)).clamp(1, PART),
        kernel,
        sender,
        group: group.to_owned(),
        topic: topic.to_owned(),
        payload,
        last: None,
        reached: far,
        missed: 0,
        named: Vec::new(),
    };
    if !sending.part()? {
        return Ok(Step::Done(sending.answer()));
    }
    // The copy of the message is charged; those of the members are theirs.
    let bytes = sending.payload.len();
    Ok(Step::compute(bytes, move |progress| {
        loop {
            progress.check()?;
            if !sending.part()? {
                return sending.answer();
            }
        }
    }))
}

/// A message that is sent to the members of a group, one after the other.
struct Sending {
    kernel: Arc<Kernel>,
    sender: Arc<Process>,
    group: String,
    topic: String,
    payload: Vec<u8>,
    /// Members that are sent to at a time.
    most: usize,
    /// The last member that was sent to.
    last: Option<Pid>,
    reached: u64,
    missed: u64,
    /// The first members that refused the message.
    named: Vec<Arc<str>>,
}

impl Sending {
    /// Sends to the next members. Returns whether there may be more.
    fn part(&mut self) -> Result<bool, Error> {
        let members = self
            .kernel
            .group_members(&self.group, self.last, self.most)?;
        for member in &members {
            let (kernel, sender) = (&self.kernel, Some(&*self.sender));
            match kernel.send(sender, member, &self.topic, &self.payload) {
                Ok(()) => self.reached += 1,
                // It has ended, and its membership is about to.
                Err(error) if error.kind == Kind::NotFound => {}
                Err(_) => {
                    self.missed += 1;
                    if self.named.len() < MAX_NAMED {
                        self.named.push(Arc::clone(member.text()));
                    }
                }
            }
        }
        self.last = members.last().map(|last| last.pid()).or(self.last);
        Ok(members.len() == self.most)
    }

    fn answer(&self) -> Answer {
        answer::write(|output| {
            output.array(3)?;
            output.integer(self.reached as i64)?;
            output.integer(self.missed as i64)?;
            output.array(self.named.len() as u32)?;
            self.named
                .iter()
                .try_for_each(|pid| output.string(pid.as_bytes()))
        })
    }
}
