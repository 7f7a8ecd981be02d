//! The routes of a listener, against a model that tries all of them.
//!
//! An input is a text. Each line before the first empty one is a route, or the prefix of a
//! router for the routes that follow; each line behind it is a request.

use std::collections::BTreeSet;
use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use warren_capabilities::server::{Answerer, Unbound};
use warren_engine::capability::web::{
    ListenerSettings, Pattern, RouteSettings, RouterSettings, Segment, WebSettings, parse_bind,
};

use super::web::node;
use crate::Reached;

pub(crate) static ROUTES: [Reached; 4] = [
    Reached::new("routes found"),
    Reached::new("routes of other methods"),
    Reached::new("routes not found"),
    Reached::new("paths refused"),
];

/// The most lines of routes, and of requests.
const MAX_LINES: usize = 64;

/// The listener, which is the router of its own routes.
const LISTENER: &str = "app:web";

/// Finds the routes of the requests, each as the model does.
pub(super) fn routes(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some((table, requests)) = text.split_once("\n\n") else {
        return;
    };
    let settings = settings(table);
    let bind = parse_bind("127.0.0.1:0").expect("an address");
    let listener = ListenerSettings::new(LISTENER, bind);
    let unbound = Unbound::new(node(), &listener, &settings).expect("nothing is opened");
    for request in requests.lines().take(MAX_LINES) {
        let Some((method, path)) = request.split_once(' ') else {
            continue;
        };
        let found = in_order(unbound.find(method, path));
        assert_eq!(found, expected(&settings, method, path), "{request:?}");
        let place = match found {
            Answerer::Definition(..) => 0,
            Answerer::OtherMethods(_) => 1,
            Answerer::Refused => 3,
            _ => 2,
        };
        ROUTES[place].add(1);
    }
}

/// Reads routers and routes, and leaves out what is none.
fn settings(table: &str) -> WebSettings {
    let mut settings = WebSettings::default();
    let mut parent: Arc<str> = LISTENER.into();
    for (number, line) in table.lines().take(MAX_LINES).enumerate() {
        if line.starts_with('/') {
            if let Ok(prefix) = Pattern::parse_prefix(line) {
                parent = format!("app:r{number:02}").into();
                settings.routers.push(RouterSettings {
                    prefix,
                    ..RouterSettings::new(Arc::clone(&parent), LISTENER)
                });
            }
        } else if let Ok(route) = RouteSettings::new(&*parent, line, format!("app:d{number}")) {
            settings.routes.push(route);
        }
    }
    settings
}

/// Sorts methods, each once: the answer to the client does so, too.
fn in_order(answerer: Answerer) -> Answerer {
    match answerer {
        Answerer::OtherMethods(methods) => {
            let methods: BTreeSet<String> = methods.into_iter().collect();
            Answerer::OtherMethods(methods.into_iter().collect())
        }
        other => other,
    }
}

/// A route that a path has: the order in which it counts, the route, and its parameters.
struct Candidate<'a> {
    order: Vec<u8>,
    route: &'a RouteSettings,
    parameters: Vec<(String, String)>,
}

/// Tries all routes.
fn expected(settings: &WebSettings, method: &str, path: &str) -> Answerer {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let is_method = !method.is_empty() && method.bytes().all(is_token);
    let segments = match segments(path) {
        Some(segments) if is_method => segments,
        _ => return Answerer::Refused,
    };
    let mut routers: Vec<(&[Segment], &str)> = settings
        .routers
        .iter()
        .map(|router| (router.prefix.segments(), &*router.id))
        .collect();
    routers.push((&[], LISTENER));
    routers.sort_by_key(|(prefix, id)| (std::cmp::Reverse(prefix.len()), *id));
    let mut others = None;
    for (prefix, id) in routers {
        let Some(rest) = below(prefix, &segments) else {
            continue;
        };
        let candidates = candidates(settings, id, &rest);
        if let Some(answerer) = answerer(&candidates, method) {
            return answerer;
        }
        let methods: BTreeSet<String> = candidates
            .iter()
            .filter_map(|candidate| candidate.route.method.clone())
            .collect();
        if !methods.is_empty() {
            others.get_or_insert(Answerer::OtherMethods(methods.into_iter().collect()));
        }
    }
    others.unwrap_or(Answerer::Nothing)
}

/// Decodes a path, segment by segment.
fn segments(path: &str) -> Option<Vec<String>> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    if segments.len() > 256 {
        return None;
    }
    let decoded = |segment: &&str| {
        let mut bytes = Vec::new();
        let mut rest = segment.as_bytes();
        while let [first, behind @ ..] = rest {
            rest = behind;
            if *first != b'%' {
                bytes.push(*first);
                continue;
            }
            let (digits, behind) = rest.split_at_checked(2)?;
            let mut digits = digits.iter().map(|digit| char::from(*digit).to_digit(16));
            let byte = digits.try_fold(0, |byte, digit| Some(byte * 16 + digit?))?;
            bytes.push(u8::try_from(byte).ok()?);
            rest = behind;
        }
        String::from_utf8(bytes).ok()
    };
    segments.iter().map(decoded).collect()
}

/// Returns the segments below a prefix, of which there is at least an empty one.
fn below(prefix: &[Segment], segments: &[String]) -> Option<Vec<String>> {
    let is_text = |(segment, text): (&Segment, &String)| *segment == Segment::Text(text.clone());
    let has_prefix = prefix.len() <= segments.len() && prefix.iter().zip(segments).all(is_text);
    let rest = has_prefix.then(|| segments[prefix.len()..].to_vec())?;
    Some(if rest.is_empty() {
        vec![String::new()]
    } else {
        rest
    })
}

/// Returns the routes of a router that a path has, those that count first.
fn candidates<'a>(
    settings: &'a WebSettings,
    router: &str,
    segments: &[String],
) -> Vec<Candidate<'a>> {
    let routes = settings.routes.iter();
    let routes = routes.filter(|route| *route.parent == *router);
    let mut candidates: Vec<Candidate<'a>> = routes
        .filter_map(|route| {
            let (order, parameters) = matched(&route.path, segments)?;
            Some(Candidate {
                order,
                route,
                parameters,
            })
        })
        .collect();
    candidates.sort_by(|one, other| one.order.cmp(&other.order));
    candidates
}

/// The place of a pattern among others, and the parameters of a path.
type Matched = (Vec<u8>, Vec<(String, String)>);

/// Matches a path: a text counts before a parameter, and both before the rest.
fn matched(pattern: &Pattern, segments: &[String]) -> Option<Matched> {
    let (mut order, mut parameters) = (Vec::new(), Vec::new());
    let mut rest = segments;
    for segment in pattern.segments() {
        match (segment, rest) {
            (Segment::Rest(name), _) => {
                order.push(2);
                parameters.push((name.clone(), rest.join("/")));
                return Some((order, parameters));
            }
            (Segment::Text(text), [first, behind @ ..]) if text == first => {
                order.push(0);
                rest = behind;
            }
            (Segment::Parameter(name), [first, behind @ ..]) if !first.is_empty() => {
                order.push(1);
                parameters.push((name.clone(), first.clone()));
                rest = behind;
            }
            _ => return None,
        }
    }
    rest.is_empty().then_some((order, parameters))
}

/// Returns the first route with the method. Of routes with one place the last counts.
fn answerer(candidates: &[Candidate<'_>], method: &str) -> Option<Answerer> {
    let mut rest = candidates;
    while let [first, ..] = rest {
        let is_here = |candidate: &&Candidate<'_>| candidate.order == first.order;
        let here: Vec<_> = rest.iter().take_while(is_here).collect();
        rest = &rest[here.len()..];
        let of = |wanted: Option<&str>| {
            let mut routes = here.iter().rev();
            routes.find(|candidate| candidate.route.method.as_deref() == wanted)
        };
        let head = || (method == "HEAD").then(|| of(Some("GET"))).flatten();
        let found = of(Some(method)).or_else(head).or_else(|| of(None));
        if let Some(found) = found {
            return Some(Answerer::Definition(
                found.route.definition.to_string(),
                found.parameters.clone(),
            ));
        }
    }
    None
}

/// Makes routes of few texts, and requests for paths of the same ones.
pub(super) fn make(random: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    const METHODS: [&str; 5] = ["GET", "POST", "HEAD", "PUT", "*"];
    const TEXTS: [&str; 5] = ["a", "b", "", "ä", "a b"];
    const WRITTEN: [&str; 9] = ["a", "b", "", "%C3%A4", "ä", "a%20b", "a%2Fb", "%ff", "%6"];
    let mut text = String::new();
    for number in 0..random.int_in_range(1..=12)? {
        if number > 0 && random.ratio(1, 5)? {
            text += &path_of(random, 0..=2, |random| {
                Ok((*random.choose(&TEXTS)?).to_owned())
            })?;
            text.push('\n');
            continue;
        }
        let mut place = 0;
        let mut path = path_of(random, 1..=4, |random| {
            place += 1;
            Ok(match random.ratio(1, 3)? {
                true => format!("{{p{place}}}"),
                false => (*random.choose(&TEXTS)?).to_owned(),
            })
        })?;
        if random.ratio(1, 5)? {
            path += "/{rest...}";
        }
        text += &format!("{} {path}\n", random.choose(&METHODS)?);
    }
    text.push('\n');
    for _ in 0..random.int_in_range(1..=12)? {
        let path = path_of(random, 1..=5, |random| {
            Ok((*random.choose(&WRITTEN)?).to_owned())
        })?;
        text += &format!("{} {path}\n", random.choose(&METHODS)?);
    }
    Ok(text.into_bytes())
}

/// Makes a path of so many segments.
fn path_of(
    random: &mut Unstructured<'_>,
    count: std::ops::RangeInclusive<usize>,
    mut segment: impl FnMut(&mut Unstructured<'_>) -> Result<String>,
) -> Result<String> {
    let mut path = String::new();
    for _ in 0..random.int_in_range(count)?.max(1) {
        path.push('/');
        path += &segment(random)?;
    }
    Ok(path)
}
