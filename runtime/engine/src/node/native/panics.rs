//! Panics of host functions: caught, with the place, which only a panic hook is told.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use warren_kernel::Error;

thread_local! {
    /// The place of the last panic on this thread, while a host function runs here.
    static PLACE: Cell<Option<Place>> = const { Cell::new(None) };
}

/// The place of the panic to come.
enum Place {
    /// No panic has come yet.
    Awaited,
    /// File, line and column.
    Seen(String),
}

/// Runs code of a host function. A panic becomes an error with its message and place.
///
/// The hook of the panics goes before the one that was set, which is called as ever. A hook
/// that the embedder sets later takes its place: then the error has no place.
pub(super) fn caught<T>(code: impl FnOnce() -> T) -> Result<T, Error> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let _ = PLACE.try_with(|cell| {
                cell.set(match (cell.take(), info.location()) {
                    (Some(Place::Awaited), Some(place)) => Some(Place::Seen(place.to_string())),
                    // The first one counts, also if a destructor panics then.
                    (known, _) => known,
                });
            });
            previous(info);
        }));
    });
    let outer = PLACE.replace(Some(Place::Awaited));
    let result = catch_unwind(AssertUnwindSafe(code));
    let place = PLACE.replace(outer);
    result.map_err(|panic| of_panic(&*panic, place))
}

fn of_panic(panic: &(dyn Any + Send), place: Option<Place>) -> Error {
    let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "the value of the panic is not text".to_owned(),
    };
    match place {
        Some(Place::Seen(place)) => Error {
            stack: Some(format!("at {place}")),
            ..Error::internal(format!("panicked at {place}: {message}"))
        },
        Some(Place::Awaited) | None => Error::internal(format!("panicked: {message}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_has_message_and_place() {
        assert_eq!(caught(|| 7), Ok(7));
        let line = line!() + 1;
        let error = caught(|| panic!("on {}", "purpose")).unwrap_err();
        let place = format!("{}:{line}:", file!());
        assert!(
            error.message.starts_with(&format!("panicked at {place}")),
            "{error}"
        );
        assert!(error.message.ends_with(": on purpose"), "{error}");
        assert!(error.stack.is_some_and(|stack| stack.contains(&place)));
        let error = caught(|| panic::panic_any(7)).unwrap_err();
        assert!(error.message.ends_with("is not text"), "{error}");
    }

    #[test]
    fn the_place_is_that_of_the_first_panic_outside_of_what_was_caught_within() {
        let line = line!() + 2;
        let inner = || {
            let inner = caught(|| panic!("inner"));
            assert!(inner.unwrap_err().message.contains(&format!(":{line}:")));
            panic!("outer")
        };
        let error = caught(inner).unwrap_err();
        let place = format!(":{}:", line + 2);
        assert!(error.message.contains(&place), "{error}");
    }
}
