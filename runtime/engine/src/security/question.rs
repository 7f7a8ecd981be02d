//! What an instance has to ask.

use super::action::Action;
use super::cache::Key;
use super::request::Resource;

/// What has to be asked.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) key: Key,
    pub(crate) action: String,
    pub(crate) resource: Resource,
    /// An encoded map, or nothing.
    pub(crate) attributes: Vec<u8>,
}

impl Question {
    /// About something that is not a process.
    pub(crate) fn named(action: Action, resource: Resource) -> Question {
        Question {
            key: Key::Named(action, resource.text().into()),
            action: action.as_str().to_owned(),
            resource,
            attributes: Vec::new(),
        }
    }
}
