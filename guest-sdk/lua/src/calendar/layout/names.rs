//! The layouts with names.

use std::ffi::CStr;

pub(crate) const RFC3339: &str = "2006-01-02T15:04:05Z07:00";
pub(crate) const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";

/// Names and layouts.
pub(crate) const LAYOUTS: [(&CStr, &CStr); 15] = [
    (c"RFC3339", c"2006-01-02T15:04:05Z07:00"),
    (c"RFC3339NANO", c"2006-01-02T15:04:05.999999999Z07:00"),
    (c"DATE_TIME", c"2006-01-02 15:04:05"),
    (c"DATE_ONLY", c"2006-01-02"),
    (c"TIME_ONLY", c"15:04:05"),
    (c"KITCHEN", c"3:04PM"),
    (c"RFC822", c"02 Jan 06 15:04 MST"),
    (c"RFC822Z", c"02 Jan 06 15:04 -0700"),
    (c"RFC850", c"Monday, 02-Jan-06 15:04:05 MST"),
    (c"RFC1123", c"Mon, 02 Jan 2006 15:04:05 MST"),
    (c"RFC1123Z", c"Mon, 02 Jan 2006 15:04:05 -0700"),
    (c"STAMP", c"Jan _2 15:04:05"),
    (c"STAMP_MILLI", c"Jan _2 15:04:05.000"),
    (c"STAMP_MICRO", c"Jan _2 15:04:05.000000"),
    (c"STAMP_NANO", c"Jan _2 15:04:05.000000000"),
];
