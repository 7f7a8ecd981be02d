//! The thread that gives records to the hook or to `tracing`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use rmpv::Value;

use super::json::Json;
use super::queue::Queue;
use super::{EMITTING, Entry, Level, LogHook, LogRecord, Origin, Record};
use crate::trace_context::TraceContext;
use crate::traces;

/// Emits until the queue is closed and empty.
pub(super) fn run(queue: &Queue, hook: Option<&LogHook>) {
    while let Some(taken) = queue.take() {
        for (origin, count) in &taken.losses {
            guarded(queue, SystemTime::now(), || {
                lost(hook, origin.as_ref(), *count)
            });
        }
        if let Some(entry) = taken.entry {
            guarded(queue, entry.at, || {
                entry.span.in_scope(|| emit(hook, &entry))
            });
        }
    }
}

/// Emits a record and counts it as lost if the hook or subscriber panics. The panic
/// itself is reported by the panic hook.
fn guarded(queue: &Queue, at: SystemTime, emit: impl FnOnce()) {
    EMITTING.set(Some(at));
    if catch_unwind(AssertUnwindSafe(emit)).is_err() {
        queue.lost.fetch_add(1, Ordering::Relaxed);
    }
    EMITTING.set(None);
}

fn lost(hook: Option<&LogHook>, origin: Option<&Origin>, count: u64) {
    let message = format!("log records lost because the log was not read in time: {count}");
    let (pid, frame, definition) = origin.map_or(("", "", ""), Origin::texts);
    match hook {
        Some(hook) => hook(&LogRecord {
            level: Level::Warn,
            time: SystemTime::now(),
            pid,
            frame,
            definition,
            logger: None,
            message: &message,
            fields: None,
            trace: None,
            trace_context: origin.and_then(|origin| origin.trace.as_deref()),
        }),
        None => tracing::warn!(
            target: "warren::process",
            pid,
            frame,
            definition,
            lost = count,
            "{message}"
        ),
    }
}

fn emit(hook: Option<&LogHook>, entry: &Entry) {
    let (pid, frame, definition) = entry.origin.texts();
    let context = entry.origin.trace.as_deref();
    match &entry.record {
        Record::Said {
            level,
            logger,
            message,
            fields,
            trace,
        } => {
            let record = LogRecord {
                level: *level,
                time: entry.at,
                pid,
                frame,
                definition,
                logger: logger.as_deref(),
                message,
                fields: fields.as_deref(),
                trace: *trace,
                trace_context: context,
            };
            match hook {
                Some(hook) => hook(&record),
                None => said(&record),
            }
        }
        Record::Failed(error) => tracing::warn!(
            target: "warren::process",
            pid,
            frame,
            definition,
            trace_id = context.map(TraceContext::trace_id),
            span_id = context.map(TraceContext::span_id),
            "process failed: {error}"
        ),
        Record::Started => tracing::debug!(target: "warren::span", "started"),
        Record::Ended(outcome) => {
            tracing::debug!(target: "warren::span", outcome = &**outcome, "ended");
        }
        Record::Messages(notes) => traces::tell(notes),
    }
}

fn said(record: &LogRecord<'_>) {
    let LogRecord {
        pid,
        frame,
        definition,
        logger,
        message,
        ..
    } = *record;
    let fields = record
        .fields
        .and_then(|bytes| crate::codec::read(bytes).ok())
        .map(fields_of);
    let fields = fields.as_ref().map(Json).map(tracing::field::display);
    let trace = record.trace.map(|trace| tracing::field::display(trace.id));
    let trace_id = record.trace_context.map(TraceContext::trace_id);
    let span_id = record.trace_context.map(TraceContext::span_id);
    macro_rules! event {
        ($level:expr) => {
            tracing::event!(
                target: "warren::process",
                $level,
                pid,
                frame,
                definition,
                logger,
                fields,
                trace,
                trace_id,
                span_id,
                "{message}"
            )
        };
    }
    match record.level {
        Level::Debug => event!(tracing::Level::DEBUG),
        Level::Info => event!(tracing::Level::INFO),
        Level::Warn => event!(tracing::Level::WARN),
        Level::Error => event!(tracing::Level::ERROR),
    }
}

/// Returns the fields as the map that they are. Guests write an empty map as an array.
fn fields_of(value: Value) -> Value {
    match value {
        Value::Array(elements) if elements.is_empty() => Value::Map(Vec::new()),
        value => value,
    }
}

impl Origin {
    fn texts(&self) -> (&str, &str, &str) {
        (&self.pid, &self.frame, &self.definition)
    }
}
