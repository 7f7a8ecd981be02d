//! `groups.members` and `groups.names`: lists of what is there.

use std::sync::Arc;

use warren_engine::capability::{Answer, Caller, Progress, Step};
use warren_kernel::{Error, Kernel, Kind, MAX_NAME_BYTES, Pid, Position};
use warren_values::msgpack::Output;

use super::{PART, check_prefix};
use crate::answer;
use crate::request::Arguments;

/// The most bytes of the members of one group.
const MAX_MEMBERS: usize = 16 << 20;

/// The most bytes of groups, and of their members together.
const MAX_GROUPS: usize = 4 << 20;

/// Bytes of a PID beside its text, while it waits in a list.
const PID: usize = 64;

/// The nodes whose members and groups are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    ThisNode,
    AllNodes,
}

pub(super) fn members(caller: &mut dyn Caller, request: &[u8], of: Of) -> Result<Step, Error> {
    let group = Arguments::new(request)?.text("group")?;
    if group.len() <= MAX_NAME_BYTES {
        caller.permit("pg.members", group, &[])?;
    }
    let kernel = Arc::clone(caller.kernel());
    let mut texts = Texts::new(MAX_MEMBERS);
    if of == Of::AllNodes {
        let far = kernel.far_group_members(group)?;
        far.into_iter().try_for_each(|member| texts.add(member))?;
    }
    let next = read(&kernel, group, None, &mut texts)?;
    if next.is_none() {
        return Ok(Step::Done(texts.answer()));
    }
    let bytes = bytes_of(&kernel, group);
    let group = group.to_owned();
    Ok(Step::compute(bytes, move |progress| {
        let mut next = next;
        while next.is_some() {
            progress.check()?;
            next = read(&kernel, &group, next, &mut texts)?;
        }
        texts.answer()
    }))
}

/// Reads the next members. Returns the last of them if there may be more.
fn read(
    kernel: &Kernel,
    group: &str,
    after: Option<Pid>,
    texts: &mut Texts,
) -> Result<Option<Pid>, Error> {
    let part = kernel.group_members(group, after, PART)?;
    for member in &part {
        texts.add(Arc::clone(member.text()))?;
    }
    Ok(part
        .last()
        .filter(|_| part.len() == PART)
        .map(|last| last.pid()))
}

/// Returns the bytes of a list of the members of a group, at most those that a list may
/// have.
pub(super) fn bytes_of(kernel: &Kernel, group: &str) -> usize {
    kernel
        .group_len(group)
        .saturating_mul(2 * PID)
        .min(MAX_MEMBERS)
}

pub(super) fn names(caller: &mut dyn Caller, request: &[u8], of: Of) -> Result<Step, Error> {
    let prefix = Arguments::new(request)?.text_or_nil("prefix")?;
    let prefix = prefix.unwrap_or_default().to_owned();
    check_prefix(&prefix)?;
    caller.permit("pg.members", &format!("{prefix}*"), &[])?;
    let kernel = Arc::clone(caller.kernel());
    let mut texts = Texts::new(MAX_GROUPS);
    let mut position = Position::default();
    let mut looks = 0;
    let next = move |kernel: &Kernel, prefix: &str, position: &mut Position| match of {
        Of::AllNodes => kernel.groups(prefix, position, PART),
        Of::ThisNode => kernel.local_groups(prefix, position, PART),
    };
    while !position.is_end() && looks < PART {
        texts.add_names(next(&kernel, &prefix, &mut position), &prefix)?;
        looks += 1 + texts.len();
    }
    if position.is_end() {
        return Ok(Step::Done(texts.answer()));
    }
    Ok(Step::compute(MAX_GROUPS, move |progress: &Progress<'_>| {
        while !position.is_end() {
            progress.check()?;
            texts.add_names(next(&kernel, &prefix, &mut position), &prefix)?;
        }
        texts.answer()
    }))
}

/// A list of texts of a bounded size.
pub(super) struct Texts {
    texts: Vec<Arc<str>>,
    bytes: usize,
    most: usize,
}

impl Texts {
    /// A list of the members of one group.
    pub(super) fn of_members() -> Texts {
        Texts::new(MAX_MEMBERS)
    }

    fn new(most: usize) -> Texts {
        Texts {
            texts: Vec::new(),
            bytes: 0,
            most,
        }
    }

    fn len(&self) -> usize {
        self.texts.len()
    }

    /// # Errors
    ///
    /// `RateLimited` if the list is full.
    pub(super) fn add(&mut self, text: Arc<str>) -> Result<(), Error> {
        self.bytes += PID + text.len();
        check_size(self.bytes, self.most)?;
        self.texts.push(text);
        Ok(())
    }

    fn add_names(&mut self, names: Vec<Arc<str>>, prefix: &str) -> Result<(), Error> {
        names
            .iter()
            .filter_map(|name| name.strip_prefix(prefix))
            .try_for_each(|name| self.add(name.into()))
    }

    fn answer(mut self) -> Answer {
        self.texts.sort_unstable();
        answer::write(|output| self.write(output))
    }

    /// Writes the list as one value.
    pub(super) fn write(&self, output: &mut Output) -> Result<(), warren_values::msgpack::Full> {
        output.array(self.texts.len() as u32)?;
        self.texts
            .iter()
            .try_for_each(|text| output.string(text.as_bytes()))
    }
}

/// Members by group, of a bounded size.
#[derive(Default)]
pub(super) struct ByGroup {
    groups: Vec<(Box<str>, Vec<Arc<str>>)>,
    members: usize,
    bytes: usize,
}

impl ByGroup {
    /// The bytes that the members may have.
    pub(super) const MOST: usize = MAX_GROUPS;

    /// Returns the number of members.
    pub(super) fn len(&self) -> usize {
        self.members
    }

    /// Adds a member. The members of a group come one after the other.
    ///
    /// # Errors
    ///
    /// `RateLimited` if there is no room for the member.
    pub(super) fn add(&mut self, group: &str, member: Arc<str>) -> Result<(), Error> {
        self.members += 1;
        self.bytes += PID + member.len();
        match self.groups.last_mut() {
            Some((last, members)) if **last == *group => members.push(member),
            _ => {
                self.bytes += PID + group.len();
                self.groups.push((group.into(), vec![member]));
            }
        }
        check_size(self.bytes, Self::MOST)
    }

    /// Writes a map of lists.
    pub(super) fn write(&self, output: &mut Output) -> Result<(), warren_values::msgpack::Full> {
        output.map(self.groups.len() as u32)?;
        for (group, members) in &self.groups {
            output.string(group.as_bytes())?;
            output.array(members.len() as u32)?;
            for member in members {
                output.string(member.as_bytes())?;
            }
        }
        Ok(())
    }
}

fn check_size(bytes: usize, most: usize) -> Result<(), Error> {
    if bytes <= most {
        return Ok(());
    }
    let advice = match most {
        MAX_GROUPS => ": list one group or a longer prefix",
        _ => "",
    };
    let message = format!("the list is longer than max_group_list = {most} bytes{advice}");
    Err(Error::at_limit(
        Kind::RateLimited,
        "max_group_list",
        most as u64,
        message,
    ))
}
