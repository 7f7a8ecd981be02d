//! Limits of code.

use super::Row;
use crate::limits::Bound::{Constant, Default};
use crate::limits::Unit::{Bytes, Count, Time};

const BOUNDS: &str = "runtime/engine/src/code/bounds.rs";

pub(super) const ROWS: &[Row] = &[
    ("`max_module`", &[Default]),
    ("`max_source`", &[Default]),
    ("`max_functions`", &[Default]),
    ("`max_function`", &[Default]),
    ("`max_function_state`", &[Default]),
    ("`max_state`", &[Default]),
    ("`max_blocks`", &[Constant(BOUNDS, "MAX_BLOCKS", Count)]),
    ("`max_calls`", &[Constant(BOUNDS, "MAX_CALLS", Count)]),
    (
        "`max_type_values`",
        &[Constant(BOUNDS, "MAX_TYPE_VALUES", Count)],
    ),
    (
        "`max_tag_parameters`",
        &[Constant(BOUNDS, "MAX_TAG_PARAMETERS", Count)],
    ),
    ("`max_items`", &[Default]),
    ("`max_parts`", &[Default]),
    ("`max_prepare`", &[Default]),
    (
        "`max_initialize`",
        &[
            Constant("runtime/engine/src/code/image.rs", "PATIENCE", Time),
            Constant("runtime/engine/src/code/image.rs", "MAX_MEMORY", Bytes),
        ],
    ),
    ("`max_kept`", &[Default]),
];
