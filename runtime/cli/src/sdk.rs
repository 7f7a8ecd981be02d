//! The files of the SDKs and of the builders of components, each with its path.

include!(concat!(env!("OUT_DIR"), "/sdks.rs"));
