//! The process of a relay, and the process that it speaks to.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use warren_engine::{Native, Node};
use warren_kernel::{Delivery, Error, Event, Message};
use warren_values::msgpack::{Input, Output, Token};

use super::config::{Config, text};
use crate::forms;

/// The process of a relay.
pub(super) struct Link {
    native: Native,
    node: Arc<Node>,
    config: Config,
    /// The beginning of the topics: `ws` or `sse`.
    prefix: &'static str,
    target: Option<Target>,
    heartbeat: Interval,
    begun: Instant,
    /// Messages that the client has sent.
    count: u64,
}

/// The process that a relay speaks to.
struct Target {
    /// PID or name.
    destination: String,
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Something that has happened to a relay.
#[derive(Debug)]
pub(super) enum Happened {
    /// A message for the client.
    Message(Message),
    /// Somebody wants the relay to end, for this reason.
    Close(Option<String>),
    /// The process is asked to end.
    Canceled,
    TargetEnded,
    /// Time for a sign of life.
    Beat,
}

impl Link {
    /// Tells the target of a relay. A relay without a target is only sent to.
    ///
    /// # Errors
    ///
    /// Those of the message to the target.
    pub(super) fn join(
        native: Native,
        node: Arc<Node>,
        mut config: Config,
        prefix: &'static str,
    ) -> Result<Link, Error> {
        let now = Instant::now();
        let mut heartbeat = interval_at(now + config.heartbeat, config.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let target = config.target.take();
        let mut link = Link {
            native,
            node,
            config,
            prefix,
            target: None,
            heartbeat,
            begun: now,
            count: 0,
        };
        if let Some(destination) = target {
            link.turn_to(destination)?;
        }
        Ok(link)
    }

    pub(super) fn pid(&self) -> &str {
        self.native.process().text()
    }

    /// The topic of what the client sends.
    pub(super) fn topic(&self) -> String {
        let given = self.config.topic.clone();
        given.unwrap_or_else(|| format!("{}.message", self.prefix))
    }

    pub(super) fn has_target(&self) -> bool {
        self.target.is_some()
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Waits for the next event, and for messages if they are wanted. The future may be dropped:
    /// nothing is lost.
    pub(super) async fn next(&mut self, messages: bool) -> Happened {
        loop {
            let process = self.native.process();
            let queues = [process.events(), process.inbox()];
            let wanted = if messages { &queues[..] } else { &queues[..1] };
            let received = tokio::select! {
                biased;
                () = ended(&mut self.target) => return Happened::TargetEnded,
                received = self.native.receive(wanted) => received,
                _ = self.heartbeat.tick() => {
                    self.beat();
                    return Happened::Beat;
                }
            };
            match received {
                Ok((_, Delivery::Message(message))) => {
                    if let Some(happened) = self.take(message) {
                        return happened;
                    }
                }
                Ok((_, Delivery::Event(Event::Cancel { .. }))) | Err(_) => {
                    return Happened::Canceled;
                }
                Ok(_) => {}
            }
        }
    }

    /// Sends the target what the client has sent.
    ///
    /// # Errors
    ///
    /// Those of a message: `RateLimited` if the target has no room.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Some(target) = &self.target else {
            return Ok(());
        };
        let mut values = Output::new();
        let written = values.array(1).and_then(|()| values.string(bytes));
        if written.is_err() {
            return Err(Error::invalid("the message is too large"));
        }
        let topic = self.topic();
        let destination = target.destination.clone();
        self.native.send(&destination, &topic, values.as_slice())?;
        self.count += 1;
        Ok(())
    }

    /// Tells the target that the client has left, if it has not ended.
    pub(super) fn left(mut self) {
        self.leave();
    }

    fn leave(&mut self) {
        if let Some(target) = self.target.take() {
            let news = self.news();
            // Nobody has to hear of it.
            let _ = self.tell(&target.destination, "leave", news);
        }
    }

    /// Handles a message for the relay itself. Returns one for the client.
    fn take(&mut self, message: Message) -> Option<Happened> {
        let own = message.topic().strip_prefix(self.prefix);
        match own {
            Some(".close") => Some(Happened::Close(reason_of(&message))),
            Some(".control") => {
                // Of one that is none, nobody could be told.
                if let Some(mut fields) = fields_of(&message) {
                    return self.control(&mut fields);
                }
                None
            }
            _ => Some(Happened::Message(message)),
        }
    }

    /// Takes another target or another topic.
    fn control(&mut self, fields: &mut Map<String, Json>) -> Option<Happened> {
        if let Ok(Some(topic)) = text(fields, "message_topic") {
            self.config.topic = Some(topic);
        }
        if let Some(metadata) = fields.remove("metadata") {
            self.config.metadata = metadata;
        }
        let Ok(Some(destination)) = text(fields, "target_pid") else {
            return None;
        };
        self.leave();
        match self.turn_to(destination) {
            Ok(()) => None,
            Err(error) => Some(Happened::Close(Some(error.message))),
        }
    }

    fn turn_to(&mut self, destination: String) -> Result<(), Error> {
        let news = self.news();
        self.tell(&destination, "join", news)?;
        let process = self.node.kernel().resolve(&destination)?;
        let (_, ended) = self.node.observe(&process)?.into_parts();
        self.target = Some(Target {
            destination,
            ended: Box::pin(async move {
                ended.await;
            }),
        });
        Ok(())
    }

    /// Sends the target a sign of life. One that has no room for it gets the next one.
    fn beat(&mut self) {
        let Some(target) = &self.target else {
            return;
        };
        let destination = target.destination.clone();
        let mut news = self.news();
        news.insert("uptime".to_owned(), self.begun.elapsed().as_secs().into());
        news.insert("message_count".to_owned(), self.count.into());
        let _ = self.tell(&destination, "heartbeat", news);
    }

    /// The parts of all that a target is told of the client.
    fn news(&self) -> Map<String, Json> {
        let mut news = Map::new();
        news.insert("client_pid".to_owned(), self.pid().into());
        news.insert("metadata".to_owned(), self.config.metadata.clone());
        news
    }

    fn tell(
        &mut self,
        destination: &str,
        what: &str,
        news: Map<String, Json>,
    ) -> Result<(), Error> {
        let topic = format!("{}.{what}", self.prefix);
        let values = warren_values::to_values(&Json::Object(news))
            .map_err(|error| Error::internal(error.to_string()))?;
        self.native.send(destination, &topic, values.as_slice())
    }
}

/// Waits for the end of the target; for ever without one.
async fn ended(target: &mut Option<Target>) {
    let Some(present) = target else {
        return std::future::pending().await;
    };
    present.ended.as_mut().await;
    *target = None;
}

/// Returns the values of a message in JSON: one as itself, several as a list.
pub(super) fn data_of(message: &Message) -> Json {
    let mut input = Input::new(message.payload());
    let Ok(Token::Array(len)) = input.token() else {
        return Json::Null;
    };
    let values = (0..len).map(|_| match input.value() {
        // A value without a form in JSON stands as the reason.
        Ok(value) => forms::json_of_bytes(value).unwrap_or_else(Json::String),
        Err(_) => Json::Null,
    });
    let mut values: Vec<Json> = values.collect();
    match values.len() {
        0 | 1 => values.pop().unwrap_or(Json::Null),
        _ => Json::Array(values),
    }
}

fn fields_of(message: &Message) -> Option<Map<String, Json>> {
    match data_of(message) {
        Json::Object(fields) => Some(fields),
        _ => None,
    }
}

fn reason_of(message: &Message) -> Option<String> {
    match data_of(message) {
        Json::String(reason) => Some(reason),
        Json::Object(mut fields) => text(&mut fields, "reason").ok().flatten(),
        _ => None,
    }
}

/// Returns a message as one text: its topic and its values.
pub(super) fn text_of(message: &Message) -> String {
    json!({ "topic": message.topic(), "data": data_of(message) }).to_string()
}

#[cfg(test)]
mod tests {
    use warren_values::Value;

    use super::*;

    fn message(values: &[Value]) -> Message {
        let mut payload = Output::new();
        payload.array(u32::try_from(values.len()).unwrap()).unwrap();
        let mut payload = payload.as_slice().to_vec();
        for value in values {
            payload.extend_from_slice(warren_values::to_value(value).unwrap().as_slice());
        }
        Message::new(None, "news", &payload)
    }

    #[test]
    fn a_message_is_its_topic_and_its_values() {
        let is = |values: &[Value], text: &str| assert_eq!(text_of(&message(values)), text);
        is(&[], r#"{"topic":"news","data":null}"#);
        is(&["a".into()], r#"{"topic":"news","data":"a"}"#);
        is(
            &[1.into(), Value::Bytes(vec![0xff])],
            r#"{"topic":"news","data":[1,"/w=="]}"#,
        );
    }

    #[test]
    fn a_reason_is_a_text_or_a_field() {
        assert_eq!(reason_of(&message(&["bye".into()])).as_deref(), Some("bye"));
        let map = Value::Map(vec![("reason".into(), "bye".into())]);
        assert_eq!(reason_of(&message(&[map])).as_deref(), Some("bye"));
        assert_eq!(reason_of(&message(&[7.into()])), None);
    }
}
