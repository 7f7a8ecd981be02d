//! Setters of a type whose fields are public and whose number may grow.

/// Adds a setter to a type for each field, under the field's name. A field among the
/// optional ones has an `Option`, and its setter takes a value as well as an `Option`.
macro_rules! setters {
    (
        $limits:ident { $($field:ident: $ty:ty,)* }
        optional { $($optional:ident: $inner:ty,)* }
    ) => {
        impl $limits {
            $(
                #[doc = concat!(
                    "Sets [`", stringify!($field), "`](field@Self::", stringify!($field), ")."
                )]
                #[must_use]
                pub fn $field(mut self, $field: $ty) -> Self {
                    self.$field = $field;
                    self
                }
            )*
            $(
                #[doc = concat!(
                    "Sets [`", stringify!($optional), "`](field@Self::", stringify!($optional), ")."
                )]
                #[must_use]
                pub fn $optional(mut self, $optional: impl Into<Option<$inner>>) -> Self {
                    self.$optional = $optional.into();
                    self
                }
            )*
        }
    };
}

pub(crate) use setters;
