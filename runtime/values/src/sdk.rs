//! The part of the SDK that handles values.

#[path = "../sdk/sdk/codec.rs"]
pub(crate) mod codec;
#[path = "../sdk/sdk/de/mod.rs"]
mod de;
#[path = "../sdk/sdk/error.rs"]
mod error;
#[path = "../sdk/sdk/ser/mod.rs"]
mod ser;
#[path = "../sdk/sdk/value.rs"]
mod value;

pub use error::kind;
pub use value::Value;
