//! The targets, by the code they test.

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
        reaches: &decoders::VALUES,
        run: decoders::values,
    },
    Target {
        name: "c",
        takes: "MessagePack, for the decoder of the SDK for C",
        reaches: &decoders::C,
        run: decoders::c,
    },
    Target {
        name: "lua",
        takes: "MessagePack as a message, and JSON, for the decoders of the Lua guest",
        reaches: &guests::LUA,
        run: guests::lua,
    },
    Target {
        name: "flat",
        takes: "calls of the flat ABI over a memory of random bytes",
        reaches: &guests::FLAT,
        run: guests::flat,
    },
    Target {
        name: "modules",
        takes: "core modules and components, binary or text, from their load to their end",
        reaches: &guests::MODULES,
        run: guests::modules,
    },
    Target {
        name: "manifests",
        takes: "the text of a warren.toml",
        reaches: &programs::MANIFESTS,
        run: programs::manifests,
    },
    Target {
        name: "policies",
        takes: "the text of a Cedar policy",
        reaches: &programs::POLICIES,
        run: programs::policies,
    },
    Target {
        name: "texts",
        takes: "PIDs, names, ids and durations",
        reaches: &texts::TEXTS,
        run: texts::texts,
    },
    Target {
        name: "control",
        takes: "lines of the control protocol",
        reaches: &control::CONTROL,
        run: control::control,
    },
    Target {
        name: "cache",
        takes: "entries of the code cache",
        reaches: &cache::CACHE,
        run: cache::cache,
    },
];
