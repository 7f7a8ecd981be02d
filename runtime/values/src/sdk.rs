//! The part of the SDK that handles values.

#[path = "../../../guest-sdk/rust/src/sdk/codec.rs"]
pub(crate) mod codec;
#[path = "../../../guest-sdk/rust/src/sdk/de/mod.rs"]
mod de;
#[path = "../../../guest-sdk/rust/src/sdk/error.rs"]
mod error;
#[path = "../../../guest-sdk/rust/src/sdk/ser/mod.rs"]
mod ser;
#[path = "../../../guest-sdk/rust/src/sdk/value.rs"]
mod value;

pub use error::kind;
pub use value::Value;
