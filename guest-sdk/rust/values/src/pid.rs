//! Process identifiers.

use core::borrow::Borrow;
use core::fmt;
use std::sync::Arc;

/// The identifier of a process: the text `{host|id}`. It names one process for ever, and is
/// never given to another process while the runtime lives. Clones share the text. A
/// conversion from text takes the PID as it arrived: its first use shows whether a process
/// has it.
///
/// A PID crosses to other processes as its text, and every function with a destination
/// takes a PID or a registered name:
///
/// ```
/// use warren_values::Pid;
///
/// fn send(to: impl AsRef<str>) -> String {
///     to.as_ref().to_owned()
/// }
///
/// let pid = Pid::from("{app:processes|0x00001}");
/// assert_eq!(send(&pid), pid.as_str());
/// assert_eq!(send("a registered name"), "a registered name");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(Arc<str>);

impl Pid {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the host of the process; empty for a text that is not a PID.
    ///
    /// ```
    /// use warren_values::Pid;
    ///
    /// let far = Pid::from("{b@app:workers|0x7.00002}");
    /// assert_eq!((far.host(), far.node()), ("app:workers", Some("b")));
    /// let here = Pid::from("{app:workers|0x00002}");
    /// assert_eq!((here.host(), here.node()), ("app:workers", None));
    /// ```
    pub fn host(&self) -> &str {
        let place = self.place();
        place.split_once('@').map_or(place, |(_, host)| host)
    }

    /// Returns the node of the process in its cluster; `None` for a PID without a node.
    pub fn node(&self) -> Option<&str> {
        let (node, _) = self.place().split_once('@')?;
        Some(node)
    }

    /// Returns the text before the id.
    fn place(&self) -> &str {
        let inner = self.0.strip_prefix('{');
        let parts = inner.and_then(|inner| inner.rsplit_once('|'));
        parts.map_or("", |(place, _)| place)
    }
}

impl AsRef<str> for Pid {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Pid {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! equals {
    ($($ty:ty)*) => { $(
        impl PartialEq<$ty> for Pid {
            fn eq(&self, other: &$ty) -> bool {
                let text: &str = other.as_ref();
                *self.0 == *text
            }
        }

        impl PartialEq<Pid> for $ty {
            fn eq(&self, other: &Pid) -> bool {
                other == self
            }
        }
    )* };
}

equals! { str &str String }

macro_rules! from {
    ($($ty:ty)*) => { $(
        impl From<$ty> for Pid {
            fn from(text: $ty) -> Self {
                Pid(text.into())
            }
        }
    )* };
}

from! { &str String Arc<str> }

impl From<&Arc<str>> for Pid {
    fn from(text: &Arc<str>) -> Self {
        Pid(Arc::clone(text))
    }
}

impl From<Pid> for Arc<str> {
    fn from(pid: Pid) -> Self {
        pid.0
    }
}

impl From<Pid> for String {
    fn from(pid: Pid) -> Self {
        String::from(&*pid.0)
    }
}

#[cfg(feature = "serde")]
mod as_text {
    use serde::de::{self, Deserialize, Deserializer, Visitor};
    use serde::{Serialize, Serializer};

    use super::{Pid, fmt};

    impl Serialize for Pid {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(self.as_str())
        }
    }

    impl<'de> Deserialize<'de> for Pid {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Text;
            impl Visitor<'_> for Text {
                type Value = Pid;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("the text of a PID")
                }

                fn visit_str<E: de::Error>(self, text: &str) -> Result<Pid, E> {
                    Ok(text.into())
                }
            }
            deserializer.deserialize_str(Text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_knows_its_host() {
        assert_eq!(Pid::from("{app:processes|0x00001}").host(), "app:processes");
        assert_eq!(Pid::from("{a|b|0x00001}").host(), "a|b");
        assert_eq!(Pid::from("a name").host(), "");
    }

    #[test]
    fn a_pid_is_found_by_its_text() {
        let pid = Pid::from(String::from("{a:b|0x00001}"));
        let known = std::collections::HashMap::from([(pid.clone(), 7)]);
        assert_eq!(known.get("{a:b|0x00001}"), Some(&7));
        assert!(pid == "{a:b|0x00001}" && pid == *format!("{pid:?}"));
        assert_eq!(format!("{pid:>15}"), "  {a:b|0x00001}");
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_pid_crosses_as_its_text() {
        let pid = Pid::from("{a:b|0x00001}");
        let bytes = crate::to_value(&pid).unwrap();
        let text = crate::to_value("{a:b|0x00001}").unwrap();
        assert_eq!(bytes.as_slice(), text.as_slice());
        assert_eq!(crate::from_value::<Pid>(bytes.as_slice()).unwrap(), pid);
        assert!(crate::from_value::<Pid>(&[7]).is_err());
    }
}
