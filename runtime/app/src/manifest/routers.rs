//! The tables `[routers."id"]` of a manifest.

use toml::Spanned;
use warren_engine::capability::web::{
    Middleware, MiddlewareError, Options, Pattern, RouterSettings,
};
use warren_kernel::text;

use super::reader::{Reader, Section};
use crate::duration::parse_duration;
use crate::id::Id;
use crate::suggest::closest;

/// A table `[routers."id"]`, before its listener is found.
#[derive(Debug)]
pub(crate) struct RouterEntry {
    pub(crate) id: Spanned<Id>,
    pub(crate) listener: Option<Spanned<Id>>,
    pub(crate) prefix: Pattern,
    /// The middleware before and behind routing, each with its place.
    pub(crate) middleware: Vec<Spanned<Middleware>>,
    pub(crate) post_middleware: Vec<Spanned<Middleware>>,
}

impl RouterEntry {
    pub(super) fn read(reader: &mut Reader, id: Spanned<Id>, section: &Section<'_>) -> Self {
        let known = [
            "listener",
            "prefix",
            "middleware",
            "post_middleware",
            "options",
        ];
        reader.known_keys(section, &known);
        if !section.has("listener") {
            let message = format!("the router `{}` has no listener", id.get_ref());
            reader.problem(
                id.span(),
                message,
                "expected `listener`, the id of the listener that it belongs to",
                Some("add listener = \"namespace:name\"".to_owned()),
            );
        }
        let before = reader.strings(section, "middleware");
        let behind = reader.strings(section, "post_middleware");
        let options = options(reader, section, before.iter().chain(&behind));
        RouterEntry {
            listener: reader.id(section, "listener"),
            prefix: prefix(reader, section, "prefix"),
            middleware: chain(reader, section, before, &options, Place::Before),
            post_middleware: chain(reader, section, behind, &options, Place::Behind),
            id,
        }
    }

    /// Returns the settings of the router at a listener.
    pub(crate) fn settings(&self, listener: &Id) -> RouterSettings {
        let taken = |chain: &[Spanned<Middleware>]| {
            let middleware = chain.iter().map(|one| one.get_ref().clone());
            middleware.collect()
        };
        RouterSettings {
            prefix: self.prefix.clone(),
            middleware: taken(&self.middleware),
            post_middleware: taken(&self.post_middleware),
            ..RouterSettings::new(self.id.get_ref().text().clone(), listener.text().clone())
        }
    }
}

/// The places of middleware.
#[derive(Clone, Copy)]
enum Place {
    Before,
    Behind,
}

impl Place {
    /// Returns the key of the place, and the names that stand there.
    fn names(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Place::Before => ("middleware", &Middleware::BEFORE),
            Place::Behind => ("post_middleware", &Middleware::BEHIND),
        }
    }

    fn other(self) -> Place {
        match self {
            Place::Before => Place::Behind,
            Place::Behind => Place::Before,
        }
    }
}

/// Reads a prefix of paths; `/` if absent.
pub(super) fn prefix(reader: &mut Reader, section: &Section<'_>, key: &str) -> Pattern {
    let Some(text) = reader.string(section, key) else {
        return Pattern::default();
    };
    Pattern::parse_prefix(text.get_ref()).unwrap_or_else(|error| {
        let message = format!("`{key}`{} is not a prefix of paths", section.place());
        reader.problem(text.span(), message, error.to_string(), None);
        Pattern::default()
    })
}

/// Reads the options of the middleware with these names.
fn options<'a>(
    reader: &mut Reader,
    section: &Section<'_>,
    names: impl Iterator<Item = &'a Spanned<String>>,
) -> Options {
    let Some(options) = reader.table(section, "options") else {
        return Options::default();
    };
    let known = names.flat_map(|name| Middleware::options_of(name.get_ref()));
    let known: Vec<&'static str> = known.copied().collect();
    let words = reader.words(&options);
    for (name, _) in &words {
        if known.contains(&name.get_ref().as_str()) {
            continue;
        }
        reader.problem(
            name.span(),
            format!(
                "unknown option `{}`{}",
                text::quoted(name.get_ref()),
                options.place()
            ),
            "no middleware of the router has such an option",
            closest(name.get_ref(), known.iter().copied())
                .map(|right| format!("did you mean `{right}`?")),
        );
    }
    let words = words.into_iter();
    words
        .map(|(name, value)| (name.into_inner(), value))
        .collect()
}

/// Makes the middleware of one place.
fn chain(
    reader: &mut Reader,
    section: &Section<'_>,
    names: Vec<Spanned<String>>,
    options: &Options,
    place: Place,
) -> Vec<Spanned<Middleware>> {
    let duration = |text: &str| parse_duration(text).map_err(|error| error.to_string());
    let mut chain = Vec::with_capacity(names.len());
    for name in names {
        let (key, here) = place.names();
        let (elsewhere, there) = place.other().names();
        if !here.contains(&name.get_ref().as_str()) {
            let is_there = there.contains(&name.get_ref().as_str());
            let remedy = match is_there {
                true => Some(format!("write it in `{elsewhere}`")),
                false => closest(name.get_ref(), here.iter().copied())
                    .map(|right| format!("did you mean `{right}`?")),
            };
            reader.problem(
                name.span(),
                format!(
                    "`{}` cannot be in `{key}`{}",
                    text::quoted(name.get_ref()),
                    section.place()
                ),
                format!("expected {}", super::reader::alternatives(here)),
                remedy,
            );
            continue;
        }
        match Middleware::new(name.get_ref(), options, &duration) {
            Ok(middleware) => chain.push(Spanned::new(name.span(), middleware)),
            Err(error) => {
                let (span, label) = place_of(&error, &name, section);
                reader.problem(span, error.to_string(), label, None);
            }
        }
    }
    chain
}

/// Returns the place of an error of middleware: its option, else its name.
fn place_of(
    error: &MiddlewareError,
    name: &Spanned<String>,
    section: &Section<'_>,
) -> (std::ops::Range<usize>, &'static str) {
    let option = match error {
        MiddlewareError::Wrong { option, .. } => *option,
        _ => return (name.span(), "this middleware"),
    };
    match section.span_below("options", option) {
        Some(span) => (span, "this option"),
        None => (name.span(), "this middleware"),
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;
    use warren_engine::capability::web::Middleware;

    #[test]
    fn a_router_has_its_middleware_with_options() {
        let (manifest, problems) = Manifest::parse(
            r#"
            [routers."shop:api"]
            listener = "shop:web"
            prefix = "/api/"
            middleware = ["cors", "metrics"]
            post_middleware = ["endpoint_firewall"]
            options = { "cors.allow.origins" = "https://a.example", "cors.max.age" = 60, "endpoint_firewall.action" = "use" }
            "#,
        );
        assert_eq!(problems, []);
        let router = &manifest.routers[0];
        assert_eq!(router.prefix.to_string(), "/api");
        let [cors, metrics] = &router.middleware[..] else {
            panic!("two");
        };
        let Middleware::Cors(cors) = cors.get_ref() else {
            panic!("another middleware");
        };
        assert!(cors.origins.contains("https://a.example"));
        assert_eq!(cors.max_age.as_secs(), 60);
        assert_eq!(*metrics.get_ref(), Middleware::Metrics);
        let action = "use".to_owned();
        let firewall = router.post_middleware[0].get_ref();
        assert_eq!(*firewall, Middleware::EndpointFirewall { action });
    }

    #[test]
    fn mistakes_are_named() {
        let messages = |lines: &str| -> Vec<String> {
            let text = format!("[routers.\"a:b\"]\nlistener = \"a:w\"\n{lines}\n");
            let (_, problems) = Manifest::parse(&text);
            let messages = problems.into_iter().map(|problem| {
                let remedy = problem.remedy.unwrap_or_default();
                format!("{}; {remedy}", problem.message)
            });
            messages.collect()
        };
        let (_, problems) = Manifest::parse("[routers.\"a:b\"]\n");
        assert_eq!(problems[0].message, "the router `a:b` has no listener");
        assert_eq!(
            messages("middleware = [\"endpoint_firewall\", \"corse\"]"),
            [
                "`endpoint_firewall` cannot be in `middleware` in [routers.\"a:b\"]; \
                 write it in `post_middleware`",
                "`corse` cannot be in `middleware` in [routers.\"a:b\"]; did you mean `cors`?",
            ]
        );
        assert_eq!(
            messages("middleware = [\"cors\"]\noptions = { \"cors.max_age\" = 1 }"),
            [
                "unknown option `cors.max_age` in [routers.\"a:b\".options]; \
                 did you mean `cors.max.age`?"
            ]
        );
        assert_eq!(
            messages("middleware = [\"ratelimit\"]\noptions = { \"ratelimit.window\" = \"x\" }")
                .len(),
            1
        );
        assert_eq!(
            messages("prefix = \"/{id}\""),
            ["`prefix` in [routers.\"a:b\"] is not a prefix of paths; "]
        );
    }
}
