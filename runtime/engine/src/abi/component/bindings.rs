//! The bindings that wasmtime generates from the WIT.
#![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]

wasmtime::component::bindgen!({
    path: "wit",
    world: "warren:process/guest",
    imports: {
        "warren:process/process.send": async | trappable,
        "warren:process/process.spawn": async | trappable,
        "warren:process/process.exec": async | trappable,
        "warren:process/process.terminate": async | trappable,
        "warren:process/process.cancel": async | trappable,
        "warren:process/process.monitor": async | trappable,
        "warren:process/process.unmonitor": async | trappable,
        "warren:process/process.link": async | trappable,
        "warren:process/process.unlink": async | trappable,
        "warren:process/process.upgrade": async | trappable,
        "warren:process/registry.register": async | trappable,
        "warren:process/registry.lookup": async | trappable,
        "warren:process/registry.unregister": async | trappable,
        "warren:process/security.can": async | trappable,
        "warren:process/capability.call": async | trappable,
        "warren:process/mailbox.receive": async | trappable,
        "warren:process/mailbox.receive-one": async | trappable,
        "warren:process/logger.log": async | trappable,
        "warren:process/stdio.write": async | trappable,
        "warren:process/stdio.flush": async | trappable,
        "warren:process/stdio.read": async | trappable,
        "warren:process/program.module": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});
