//! The targets by what they try.

mod cache;
mod control;
mod decoders;
mod guests;
mod programs;
mod texts;

use crate::Target;

pub(crate) const ALL: &[Target] = &[
    Target {
        name: "values",
        takes: "MessagePack, for the decoder of the host and the SDK for Rust",
        run: decoders::values,
    },
    Target {
        name: "c",
        takes: "MessagePack, for the decoder of the SDK for C",
        run: decoders::c,
    },
    Target {
        name: "lua",
        takes: "MessagePack as a message, and JSON, for the decoders of the Lua guest",
        run: guests::lua,
    },
    Target {
        name: "flat",
        takes: "calls of the flat ABI over a memory of random bytes",
        run: guests::flat,
    },
    Target {
        name: "modules",
        takes: "core modules and components, binary or text, from their load to their end",
        run: guests::modules,
    },
    Target {
        name: "manifests",
        takes: "the text of a warren.toml",
        run: programs::manifests,
    },
    Target {
        name: "policies",
        takes: "the text of a Cedar policy",
        run: programs::policies,
    },
    Target {
        name: "texts",
        takes: "PIDs, names, ids and durations",
        run: texts::texts,
    },
    Target {
        name: "control",
        takes: "lines of the control protocol",
        run: control::control,
    },
    Target {
        name: "cache",
        takes: "entries of the code cache",
        run: cache::cache,
    },
];
