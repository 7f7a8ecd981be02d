//! The steps of the HTTP server: listeners, routers, routes and directories of files.

use std::collections::BTreeMap;

use warren_engine::capability::web::{
    FilesPlace, FilesSettings, ListenerSettings, RouteSettings, RouterSettings,
};

use super::plan::{Action, Object, Step};
use super::steps::{Places, Steps, different};
use super::version::Version;

impl Steps {
    /// Adds the steps of what the HTTP server serves.
    pub(super) fn of_web(&mut self, from: &Version, to: &Version, places: &Places) {
        if from.web == to.web {
            return;
        }
        let (was, is) = (&*from.web, &*to.web);
        let listeners = Sort {
            object: Object::Listener,
            key: |one: &ListenerSettings| (one.id.to_string(), ("listeners", one.id.to_string())),
            parts: parts_of_listener,
        };
        self.of_sort(&listeners, &was.listeners, &is.listeners, places);
        let routers = Sort {
            object: Object::Router,
            key: |one: &RouterSettings| (one.id.to_string(), ("routers", one.id.to_string())),
            parts: parts_of_router,
        };
        self.of_sort(&routers, &was.routers, &is.routers, places);
        let routes = Sort {
            object: Object::Route,
            key: |one: &RouteSettings| {
                let name = format!("{} {}", one.parent, one.place());
                (name, ("routes", one.parent.to_string()))
            },
            parts: parts_of_route,
        };
        self.of_sort(&routes, &was.routes, &is.routes, places);
        let files = Sort {
            object: Object::Static,
            key: |one: &FilesSettings| (one.id.to_string(), ("static", one.id.to_string())),
            parts: parts_of_files,
        };
        self.of_sort(&files, &was.files, &is.files, places);
    }

    fn of_sort<T: PartialEq>(&mut self, sort: &Sort<T>, was: &[T], is: &[T], places: &Places) {
        let (was, is) = (sort.by_name(was), sort.by_name(is));
        for (name, (one, (table, key))) in &is {
            let step = |action| {
                let (file, line) = places.of_table(table, key);
                Step::new(action, sort.object, name.as_str()).at(file, line)
            };
            match was.get(name) {
                None => self.steps.push(step(Action::Add)),
                Some((before, _)) if before == one => {}
                Some((before, _)) => {
                    let parts = (sort.parts)(before, one);
                    self.steps.push(step(Action::Replace).with(parts));
                }
            }
        }
        for name in was.keys().filter(|name| !is.contains_key(*name)) {
            let step = Step::new(Action::Remove, sort.object, name.as_str());
            self.steps.push(step);
        }
    }
}

/// The name of a thing, and its table and key in a manifest.
type Named = (String, (&'static str, String));

/// A sort of things with names.
struct Sort<T> {
    object: Object,
    key: fn(&T) -> Named,
    /// Returns the parts that differ, in words.
    parts: fn(&T, &T) -> Vec<String>,
}

impl<T> Sort<T> {
    fn by_name<'a>(&self, all: &'a [T]) -> BTreeMap<String, (&'a T, (&'static str, String))> {
        let named = all.iter().map(|one| {
            let (name, place) = (self.key)(one);
            (name, (one, place))
        });
        named.collect()
    }
}

fn parts_of_listener(before: &ListenerSettings, after: &ListenerSettings) -> Vec<String> {
    let limits = |one: &ListenerSettings| {
        (
            one.max_requests,
            one.max_connections,
            one.max_client_connections,
            one.max_body,
        )
    };
    let parts = [
        ("bind", before.bind == after.bind),
        ("tls", before.tls == after.tls),
        ("timeouts", before.timeouts == after.timeouts),
        ("limits", limits(before) == limits(after)),
    ];
    different(&parts)
}

fn parts_of_router(before: &RouterSettings, after: &RouterSettings) -> Vec<String> {
    let parts = [
        ("listener", before.listener == after.listener),
        ("prefix", before.prefix == after.prefix),
        ("middleware", before.middleware == after.middleware),
        (
            "post_middleware",
            before.post_middleware == after.post_middleware,
        ),
    ];
    different(&parts)
}

fn parts_of_route(before: &RouteSettings, after: &RouteSettings) -> Vec<String> {
    let parts = [
        ("process", before.definition == after.definition),
        ("path", before.path == after.path),
    ];
    different(&parts)
}

/// Returns the key of the manifest that names the place of files.
fn place_of(files: &FilesSettings) -> &'static str {
    match files.place {
        FilesPlace::Directory(_) => "directory",
        FilesPlace::Volume(_) => "volume",
    }
}

fn parts_of_files(before: &FilesSettings, after: &FilesSettings) -> Vec<String> {
    let parts = [
        ("router", before.parent == after.parent),
        ("path", before.path == after.path),
        (place_of(after), before.place == after.place),
        ("spa", before.spa == after.spa),
        ("index", before.index == after.index),
        ("cache", before.cache == after.cache),
    ];
    different(&parts)
}
