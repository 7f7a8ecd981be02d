//! The targets, by the code they test.

mod alike;
mod cache;
mod control;
mod decoders;
mod documents;
mod flat;
mod frames;
mod lua;
mod modules;
mod node;
mod operations;
mod programs;
mod routes;
mod texts;
mod values;
mod web;

use crate::Target;

pub(crate) const ALL: &[Target] = &[
    Target {
        name: "values",
        takes: "MessagePack, for the decoder of the host and the SDK for Rust",
        reaches: &decoders::VALUES,
        make: Some(values::make),
        run: decoders::values,
    },
    Target {
        name: "c",
        takes: "MessagePack, for the decoder of the SDK for C",
        reaches: &decoders::C,
        make: Some(values::make),
        run: decoders::c,
    },
    Target {
        name: "alike",
        takes: "MessagePack, for the host and the SDKs for Rust, C and Lua, which must agree",
        reaches: &alike::ALIKE,
        make: Some(values::make),
        run: alike::alike,
    },
    Target {
        name: "lua",
        takes: "MessagePack as a message, and JSON, for the decoders of the Lua guest",
        reaches: &lua::LUA,
        make: Some(lua::make),
        run: lua::lua,
    },
    Target {
        name: "flat",
        takes: "scripts: calls of the flat ABI, and the data that they point to",
        reaches: &flat::FLAT,
        make: Some(flat::make),
        run: flat::flat,
    },
    Target {
        name: "modules",
        takes: "core modules and components, binary or text, from their load to their end",
        reaches: &modules::MODULES,
        make: Some(modules::make),
        run: modules::modules,
    },
    Target {
        name: "manifests",
        takes: "the text of a warren.toml",
        reaches: &programs::MANIFESTS,
        make: Some(documents::manifest),
        run: programs::manifests,
    },
    Target {
        name: "policies",
        takes: "the text of a Cedar policy",
        reaches: &programs::POLICIES,
        make: Some(documents::policy),
        run: programs::policies,
    },
    Target {
        name: "texts",
        takes: "PIDs, names, ids and durations",
        reaches: &texts::TEXTS,
        make: None,
        run: texts::texts,
    },
    Target {
        name: "operations",
        takes: "YAML, regular expressions, JSON Schema and tokens, for the operations of guests",
        reaches: &operations::OPERATIONS,
        make: Some(operations::make),
        run: operations::operations,
    },
    Target {
        name: "control",
        takes: "lines of the control protocol",
        reaches: &control::CONTROL,
        make: None,
        run: control::control,
    },
    Target {
        name: "cache",
        takes: "entries of the code cache",
        reaches: &cache::CACHE,
        make: None,
        run: cache::cache,
    },
    Target {
        name: "routes",
        takes: "routes of a listener and requests, for the search and a model of it",
        reaches: &routes::ROUTES,
        make: Some(routes::make),
        run: routes::routes,
    },
    Target {
        name: "heads",
        takes: "bytes of a client of the HTTP server, HTTP/1.1 and HTTP/2",
        reaches: &web::HEADS,
        make: Some(web::make),
        run: web::heads,
    },
    Target {
        name: "frames",
        takes: "packets and signals of another node of a cluster",
        reaches: &frames::FRAMES,
        make: Some(frames::make),
        run: frames::frames,
    },
];
