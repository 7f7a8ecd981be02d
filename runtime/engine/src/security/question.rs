//! Questions of an instance to the authorizer.

use super::action::Action;
use super::cache::Key;
use super::request::Resource;

/// A question that the authorizer has to decide.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) key: Key,
    pub(crate) action: String,
    pub(crate) resource: Resource,
    /// An encoded map, or empty.
    pub(crate) attributes: Vec<u8>,
}

impl Question {
    /// A question about a resource that is not a process.
    pub(crate) fn named(action: Action, resource: Resource) -> Question {
        Question {
            key: Key::Named(action, resource.text().into()),
            action: action.as_str().to_owned(),
            resource,
            attributes: Vec::new(),
        }
    }
}
