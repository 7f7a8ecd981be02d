//! Checks the listeners, routers, routes and files of a manifest against its program.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use toml::Spanned;
use warren_engine::capability::VolumeSettings;
use warren_engine::capability::web::{
    FilesPlace, FilesSettings, Middleware, RouteSettings, RouterSettings, TlsFiles, WebSettings,
};
use warren_kernel::text;

use crate::check::{Checked, unknown_entry};
use crate::id::Id;
use crate::manifest::{ListenerEntry, Manifest, RouterEntry, StaticEntry};
use crate::place;
use crate::suggest::{MAX_SUGGESTIONS, closest};
use crate::tokens::full_id;

impl Checked {
    /// Returns what the manifest serves. What is wrong is left out and recorded as a problem.
    /// `volumes` are those of the program.
    pub(crate) fn web_of(
        &mut self,
        manifest: &Manifest,
        volumes: &[VolumeSettings],
    ) -> WebSettings {
        let mut web = WebSettings::default();
        for entry in &manifest.listeners {
            self.check_address(entry, &manifest.listeners);
            let tls = self.tls_of(entry);
            let mut settings = entry.settings.clone();
            settings.tls = tls;
            web.listeners.push(settings);
        }
        for entry in &manifest.routers {
            web.routers.extend(self.router(entry, manifest));
        }
        for entry in &manifest.routes {
            if !self.check_parent(&entry.parent, manifest) {
                continue;
            }
            for route in &entry.routes {
                if !self.check_definition(&route.definition) {
                    continue;
                }
                let settings = RouteSettings {
                    parent: entry.parent.get_ref().text().clone(),
                    method: route.method.clone(),
                    path: route.path.clone(),
                    definition: route.definition.get_ref().text().clone(),
                };
                self.add_route(&mut web, settings, &route.key);
            }
        }
        for entry in &manifest.files {
            web.files.extend(self.files(entry, manifest, volumes));
        }
        web
    }

    /// Refuses an address that a listener before has.
    fn check_address(&mut self, entry: &ListenerEntry, all: &[ListenerEntry]) {
        let bind = entry.settings.bind;
        let before = all.iter().take_while(|other| !std::ptr::eq(*other, entry));
        let mut others = before.filter(|other| other.settings.bind == bind);
        if bind.port() != 0
            && let Some(other) = others.next()
        {
            self.problem(
                entry.id.span(),
                format!("two listeners have the address {bind}"),
                "the second one",
                format!("give it another address than `{}`", other.id.get_ref()),
            );
        }
    }

    /// Returns the files of a listener's certificate.
    fn tls_of(&mut self, entry: &ListenerEntry) -> Option<TlsFiles> {
        let tls = entry.tls.as_ref()?;
        match (&tls.cert, &tls.key) {
            (Some(cert), Some(key)) => Some(TlsFiles {
                cert: self.path_of(cert),
                key: self.path_of(key),
            }),
            (cert, _) => {
                let missing = match cert {
                    Some(_) => "key",
                    None => "cert",
                };
                self.problem(
                    tls.span.clone(),
                    format!("`tls` of `{}` has no `{missing}`", entry.id.get_ref()),
                    "expected the files `cert` and `key`",
                    format!("add the file, in PEM: {missing} = \"{missing}.pem\""),
                );
                None
            }
        }
    }

    /// Returns a path of the manifest: a relative one is below the program's directory.
    fn path_of(&self, path: &Spanned<String>) -> PathBuf {
        self.library.root().path().join(path.get_ref())
    }

    fn router(&mut self, entry: &RouterEntry, manifest: &Manifest) -> Option<RouterSettings> {
        for middleware in &entry.middleware {
            if let Middleware::TokenAuth(auth) = middleware.get_ref() {
                self.check_tokens(&auth.store, middleware.span(), manifest);
            }
        }
        let listener = entry.listener.as_ref()?;
        let known = manifest.listeners.iter().map(|entry| entry.id.get_ref());
        self.check_known(listener, known, ("listener", "listeners"))
            .then(|| entry.settings(listener.get_ref()))
    }

    fn check_tokens(&mut self, store: &str, span: Range<usize>, manifest: &Manifest) {
        let mut stores = manifest.tokens.iter();
        if stores.all(|known| known.id.get_ref().as_str() != store) {
            let shown = text::quoted(store);
            self.problem(
                span,
                format!("unknown token store `{shown}`"),
                "`token_auth.store` names no store of tokens",
                format!("add a table [tokens.\"{shown}\"]"),
            );
        }
    }

    /// Returns true if there is a router or a listener of this id; records a problem if not.
    fn check_parent(&mut self, parent: &Spanned<Id>, manifest: &Manifest) -> bool {
        let routers = manifest.routers.iter().map(|entry| entry.id.get_ref());
        let listeners = manifest.listeners.iter().map(|entry| entry.id.get_ref());
        let known = routers.chain(listeners);
        self.check_known(parent, known, ("router or listener", "listeners"))
    }

    /// Returns true if an id is known; records a problem if not.
    fn check_known<'a>(
        &mut self,
        id: &Spanned<Id>,
        known: impl Iterator<Item = &'a Id> + Clone,
        (what, table): (&str, &str),
    ) -> bool {
        let named = id.get_ref().as_str();
        if known.clone().any(|known| known.as_str() == named) {
            return true;
        }
        let like = match self.problems_found() {
            0..MAX_SUGGESTIONS => closest(named, known.map(Id::as_str)),
            _ => None,
        };
        let remedy = match like {
            Some(right) => format!("did you mean `{right}`?"),
            None => format!("add a table [{table}.\"{named}\"]"),
        };
        self.problem(
            id.span(),
            format!("unknown {what} `{named}`"),
            "there is none of this id",
            remedy,
        );
        false
    }

    /// Adds a route, unless another one has its place.
    fn add_route(&mut self, web: &mut WebSettings, route: RouteSettings, key: &Spanned<String>) {
        let other = web.routes.iter().find(|other| other.has_place_of(&route));
        match other.map(RouteSettings::place) {
            None => web.routes.push(route),
            Some(place) => self.problem(
                key.span(),
                format!("`{}` and `{place}` are one route", route.place()),
                "the second one",
                "the names of parameters do not tell routes apart: leave one out",
            ),
        }
    }

    fn files(
        &mut self,
        entry: &StaticEntry,
        manifest: &Manifest,
        volumes: &[VolumeSettings],
    ) -> Option<FilesSettings> {
        let place = self.place_of(entry, manifest, volumes);
        let parent = match (&entry.router, &entry.listener) {
            (Some(parent), None) => {
                let known = manifest.routers.iter().map(|entry| entry.id.get_ref());
                self.check_known(parent, known, ("router", "routers"))
                    .then_some(parent)
            }
            (None, Some(parent)) => {
                let known = manifest.listeners.iter().map(|entry| entry.id.get_ref());
                self.check_known(parent, known, ("listener", "listeners"))
                    .then_some(parent)
            }
            _ => {
                self.problem(
                    entry.id.span(),
                    format!("`{}` is not served once", entry.id.get_ref()),
                    "expected `router` or `listener`, and not both",
                    "add listener = \"namespace:name\"",
                );
                None
            }
        };
        Some(FilesSettings {
            id: entry.id.get_ref().text().clone(),
            parent: parent?.get_ref().text().clone(),
            path: entry.path.clone(),
            place: place?,
            spa: entry.spa,
            index: entry.index.clone(),
            cache: entry.cache.clone(),
        })
    }

    /// Returns the place of files: a directory or a volume.
    fn place_of(
        &mut self,
        entry: &StaticEntry,
        manifest: &Manifest,
        volumes: &[VolumeSettings],
    ) -> Option<FilesPlace> {
        let id = entry.id.get_ref();
        match (&entry.directory, &entry.volume) {
            (Some(directory), None) => self.directory_of(directory).map(FilesPlace::Directory),
            (None, Some(volume)) => self
                .volume_of(volume, manifest, volumes)
                .map(FilesPlace::Volume),
            (None, None) => {
                self.problem(
                    entry.id.span(),
                    format!("`{id}` has no files"),
                    "expected `directory` or `volume`",
                    "add directory = \"public\", a path below the program's directory",
                );
                None
            }
            (Some(_), Some(volume)) => {
                self.problem(
                    volume.span(),
                    format!("`{id}` has a directory and a volume"),
                    "expected one of the two",
                    "leave `directory` or `volume` out",
                );
                None
            }
        }
    }

    /// Returns the id of a volume, which has to be one of the manifest or of the start.
    fn volume_of(
        &mut self,
        volume: &Spanned<String>,
        manifest: &Manifest,
        volumes: &[VolumeSettings],
    ) -> Option<Arc<str>> {
        let of_manifest = manifest.volumes.iter();
        let of_manifest = of_manifest.map(|entry| entry.id.get_ref().as_str());
        let known = of_manifest.chain(volumes.iter().map(|volume| &*volume.id));
        match unknown_entry(volume, known, ("volume", "volumes")) {
            None => Some(full_id(volume.get_ref()).into()),
            Some(problem) => {
                self.record(problem);
                None
            }
        }
    }

    /// Returns a directory of files, which has to be there, below the program's own.
    fn directory_of(&mut self, directory: &Spanned<String>) -> Option<PathBuf> {
        let path = directory.get_ref();
        let is_there = place::is_plain(path) && self.library.root().is_directory(path);
        if is_there {
            return Some(self.path_of(directory));
        }
        self.problem(
            directory.span(),
            format!("there is no directory `{}`", text::quoted(path)),
            "expected a directory below the program's directory",
            "paths are relative to the directory of the manifest",
        );
        None
    }
}
