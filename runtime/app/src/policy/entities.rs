//! A request, as Cedar sees it.

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression,
};
use warren_engine::capability::Origin;
use warren_engine::security::{Request, Resource, Target};

/// A request and all entities it refers to.
pub(super) struct Asked {
    pub(super) request: cedar_policy::Request,
    pub(super) entities: Entities,
}

/// An error that no request of the engine causes.
pub(super) type Unusual = Box<dyn std::error::Error + Send + Sync>;

impl Asked {
    /// `actions` are the actions with the groups that they are in.
    pub(super) fn new(request: &Request<'_>, actions: &Entities) -> Result<Asked, Unusual> {
        let mut all = Known::default();
        let principal = match request.subject.actor() {
            Some(actor) => {
                let id = [("id", text(actor.id()))];
                all.add("Actor", actor.id(), id, actor.meta())?
            }
            None => all.add("Nobody", "nobody", [], [])?,
        };
        let resource = all.resource(request.resource)?;
        let context = [
            ("pid", text(&request.caller.pid)),
            (
                "definition",
                all.of_namespace("Definition", &request.caller.definition)?,
            ),
            ("host", all.of_namespace("Host", &request.caller.host)?),
            (
                "values",
                entity(all.add("Values", "values", [], request.subject.context())?),
            ),
            (
                "attributes",
                entity(
                    all.add(
                        "Attributes",
                        "attributes",
                        [],
                        request
                            .attributes
                            .iter()
                            .map(|(key, value)| (key.as_str(), value.clone())),
                    )?,
                ),
            ),
        ];
        let node = request.caller.node.as_deref();
        let context = context
            .into_iter()
            .chain(node.map(|node| ("node", text(node))))
            .map(|(key, value)| (key.to_owned(), value));
        Ok(Asked {
            request: cedar_policy::Request::new(
                principal,
                uid("Action", request.action)?,
                resource,
                Context::from_pairs(context)?,
                None,
            )?,
            entities: actions.clone().add_entities(all.0, None)?,
        })
    }
}

/// The entities of a request.
#[derive(Default)]
struct Known(Vec<Entity>);

impl Known {
    fn resource(&mut self, resource: &Resource) -> Result<EntityUid, Unusual> {
        match resource {
            Resource::Definition(id) => self.named("Definition", id),
            Resource::Host(id) => self.named("Host", id),
            Resource::Name(name) => self.add("Name", name, [("text", text(name))], []),
            Resource::Context => self.add("Setting", "context", [], []),
            Resource::Security => self.add("Setting", "security", [], []),
            Resource::Entry(kind, id) => self.named(kind.as_str(), id),
            Resource::Origin(text) => self.origin(text),
            Resource::Other(id) => self.add("Resource", id, [("id", text(id))], []),
            Resource::Process(target) => self.process(target),
        }
    }

    /// A text that is no origin has neither host nor port.
    fn origin(&mut self, id: &str) -> Result<EntityUid, Unusual> {
        let origin = Origin::of(id);
        let origin = origin.as_ref();
        let attributes = [
            ("id", text(id)),
            ("scheme", text(origin.map_or("", Origin::scheme))),
            ("host", text(origin.map_or("", Origin::host))),
            (
                "port",
                RestrictedExpression::new_long(origin.map_or(0, |origin| origin.port().into())),
            ),
        ];
        self.add("Origin", id, attributes, [])
    }

    fn process(&mut self, target: &Target) -> Result<EntityUid, Unusual> {
        let definition = target.definition.as_deref().unwrap_or_default();
        let host = target.host.as_deref().unwrap_or_default();
        let names = target.names.iter().map(|name| text(name));
        let attributes = [
            ("pid", text(&target.pid)),
            ("definition", self.of_namespace("Definition", definition)?),
            ("host", self.of_namespace("Host", host)?),
            ("names", RestrictedExpression::new_set(names)),
        ];
        self.add("Process", &target.pid, attributes, [])
    }

    fn of_namespace(&mut self, kind: &str, id: &str) -> Result<RestrictedExpression, Unusual> {
        self.named(kind, id).map(entity)
    }

    fn named(&mut self, kind: &str, id: &str) -> Result<EntityUid, Unusual> {
        let namespace = id.split_once(':').map_or("", |(namespace, _)| namespace);
        self.add(
            kind,
            id,
            [("id", text(id)), ("namespace", text(namespace))],
            [],
        )
    }

    fn add<'a>(
        &mut self,
        kind: &str,
        id: &str,
        attributes: impl IntoIterator<Item = (&'a str, RestrictedExpression)>,
        tags: impl IntoIterator<Item = (&'a str, String)>,
    ) -> Result<EntityUid, Unusual> {
        let uid = uid(kind, id)?;
        let owned = |(key, value): (&str, RestrictedExpression)| (key.to_owned(), value);
        let tags = tags
            .into_iter()
            .map(|(key, value)| (key.to_owned(), RestrictedExpression::new_string(value)));
        let entity =
            Entity::new_with_tags(uid.clone(), attributes.into_iter().map(owned), [], tags)?;
        if !self.0.iter().any(|known| known.uid() == uid) {
            self.0.push(entity);
        }
        Ok(uid)
    }
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, Unusual> {
    let kind: EntityTypeName = kind.parse()?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn entity(uid: EntityUid) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid)
}
