//! Streams of processes without guests.

use std::slice;

use warren_engine::capability::{Charge, WaitingFuture};
use warren_kernel::{HostConfig, Kernel, Kind};
use warren_values::Value;

use super::table::MAX_STREAMS;
use super::*;
use crate::test::{Tester, of};

/// Makes a process, and the capability.
fn process() -> (Tester, Stream) {
    let tester = Tester::new(&Kernel::new(), HostConfig::default());
    (tester, Stream::default())
}

/// Opens a pipe: the numbers of the reader and of the writer.
fn open(tester: &mut Tester, stream: &Stream) -> Result<(Value, Value), Error> {
    match tester.call(stream, "pipe", &[])? {
        Value::Array(ends) => match &ends[..] {
            [reader, writer] => Ok((reader.clone(), writer.clone())),
            other => panic!("no two numbers: {other:?}"),
        },
        other => panic!("no numbers: {other:?}"),
    }
}

/// Begins an operation that waits.
fn waiting(
    tester: &mut Tester,
    stream: &Stream,
    operation: &str,
    arguments: &[Value],
) -> WaitingFuture {
    let request = warren_values::to_value(arguments).unwrap();
    match stream.call(tester, operation, request.as_slice()) {
        Step::Wait(waiting) => (waiting.run)(Charge::new(|_| Ok(()))),
        step => panic!("{operation}: {step:?}"),
    }
}

fn decoded(answer: Answer) -> Result<Value, Error> {
    Ok(warren_values::from_value(&answer?).unwrap())
}

#[test]
fn a_stream_is_a_number_of_one_process() {
    let (mut tester, stream) = process();
    let (reader, writer) = open(&mut tester, &stream).unwrap();
    let written = tester.call(&stream, "write", &[writer.clone(), of("abc")]);
    assert_eq!(written, Ok(Value::Integer(3)));
    let stat = tester
        .call(&stream, "stat", slice::from_ref(&writer))
        .unwrap();
    let field = |name| stat.get(name).cloned();
    assert_eq!(field("size"), Some(Value::Integer(-1)));
    assert_eq!(field("position"), Some(Value::Integer(3)));
    assert_eq!(field("writable"), Some(Value::Boolean(true)));
    assert_eq!(field("readable"), Some(Value::Boolean(false)));
    let read = tester.call(&stream, "read", &[reader.clone(), Value::from(2)]);
    assert_eq!(read, Ok(of("ab")));
    let mut other = tester.beside();
    let error = other
        .call(&stream, "read", slice::from_ref(&reader))
        .unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    // The end comes behind what was written.
    tester.call(&stream, "close", &[writer]).unwrap();
    let read = tester.call(&stream, "read", slice::from_ref(&reader));
    assert_eq!(read, Ok(of("c")));
    let read = tester.call(&stream, "read", &[reader]);
    assert_eq!(read, Ok(Value::Nil));
}

#[test]
fn a_closed_stream_stays_closed_and_its_number_is_not_given_again() {
    let (mut tester, stream) = process();
    let (reader, writer) = open(&mut tester, &stream).unwrap();
    for operation in ["close", "close", "drop"] {
        let closed = tester.call(&stream, operation, slice::from_ref(&reader));
        assert_eq!(closed, Ok(Value::Boolean(true)));
    }
    let error = tester
        .call(&stream, "read", slice::from_ref(&reader))
        .unwrap_err();
    assert_eq!(
        (error.kind, &*error.message),
        (Kind::Internal, "the stream is closed")
    );
    let error = tester
        .call(&stream, "write", &[writer.clone(), of("a")])
        .unwrap_err();
    assert_eq!(
        (error.kind, &*error.message),
        (Kind::Unavailable, "the reader is gone")
    );
    let (next, _) = open(&mut tester, &stream).unwrap();
    assert!(next != reader && next != writer);
    for number in [0, 99, -1, i64::MAX] {
        let error = tester
            .call(&stream, "close", &[Value::from(number)])
            .unwrap_err();
        assert_eq!(error.message, format!("stream {number} does not exist"));
    }
}

#[test]
fn a_stream_has_one_direction() {
    let (mut tester, stream) = process();
    let (reader, writer) = open(&mut tester, &stream).unwrap();
    for (operation, arguments, kind) in [
        ("read", vec![writer.clone()], Kind::Internal),
        ("write", vec![reader.clone(), of("a")], Kind::Internal),
        ("flush", vec![reader.clone()], Kind::Internal),
        ("seek", vec![reader.clone(), of("set")], Kind::Invalid),
        ("seek", vec![writer.clone(), of("middle")], Kind::Invalid),
        ("read", vec![reader.clone(), Value::from(0)], Kind::Invalid),
    ] {
        let error = tester.call(&stream, operation, &arguments).unwrap_err();
        assert_eq!(error.kind, kind, "{operation}: {error}");
    }
}

#[tokio::test]
async fn a_read_and_a_write_wait_for_the_other_side() {
    let (mut tester, stream) = process();
    let (reader, writer) = open(&mut tester, &stream).unwrap();
    let reading = waiting(&mut tester, &stream, "read", slice::from_ref(&reader));
    let written = tester.call(&stream, "write", &[writer.clone(), of("a")]);
    assert_eq!(written, Ok(Value::Integer(1)));
    assert_eq!(decoded(reading.await), Ok(of("a")));

    let all = "x".repeat(MAX_BUFFERED + 1);
    let writing = waiting(&mut tester, &stream, "write", &[writer, of(&all)]);
    let read = tester.call(&stream, "read", slice::from_ref(&reader));
    assert_eq!(read, Ok(of(&all[1..])));
    let written = Value::from(MAX_BUFFERED as i64 + 1);
    assert_eq!(decoded(writing.await), Ok(written));
    let read = tester.call(&stream, "read", &[reader]);
    assert_eq!(read, Ok(of("x")));
}

#[tokio::test]
async fn a_stream_has_one_operation_at_a_time() {
    let (mut tester, stream) = process();
    let (reader, writer) = open(&mut tester, &stream).unwrap();
    let first = waiting(&mut tester, &stream, "read", slice::from_ref(&reader));
    let error = tester
        .call(&stream, "read", slice::from_ref(&reader))
        .unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    // A read that nobody waits for any more is none.
    drop(first);
    let second = waiting(&mut tester, &stream, "read", slice::from_ref(&reader));
    tester.call(&stream, "close", &[reader]).unwrap();
    let error = decoded(second.await).unwrap_err();
    assert_eq!(error.message, "the stream is closed");
    drop(writer);
}

#[test]
fn streams_are_bounded_and_a_pipe_that_does_not_fit_leaves_nothing() {
    let (mut tester, stream) = process();
    let streams = tester.kept().state(Streams::default).unwrap();
    let ends: Vec<_> = (1..MAX_STREAMS).map(|_| pipe()).collect();
    let mut numbers = Vec::new();
    let mut writers = Vec::new();
    for (writer, reader) in ends {
        numbers.push(streams.open(Arc::new(reader)).unwrap());
        writers.push(writer);
    }
    for _ in 0..2 * MAX_PIPES {
        let error = open(&mut tester, &stream).unwrap_err();
        assert_eq!(error.kind, Kind::RateLimited);
        assert_eq!(error.message, "the process has reached max_streams = 64");
    }
    assert!(streams.close(numbers[0]).is_some());
    open(&mut tester, &stream).unwrap();
    assert!(open(&mut tester, &stream).is_err());
    assert!(streams.get(numbers[1]).is_ok());
}

#[test]
fn pipes_are_bounded_until_both_sides_are_closed() {
    let (mut tester, stream) = process();
    let pipes: Vec<_> = (0..MAX_PIPES)
        .map(|_| open(&mut tester, &stream).unwrap())
        .collect();
    let refused = |tester: &mut Tester| open(tester, &stream).unwrap_err().message;
    assert_eq!(
        refused(&mut tester),
        "the process has reached max_pipes = 16"
    );
    let (reader, writer) = pipes[0].clone();
    tester.call(&stream, "close", &[reader]).unwrap();
    assert_eq!(
        refused(&mut tester),
        "the process has reached max_pipes = 16"
    );
    tester.call(&stream, "close", &[writer]).unwrap();
    open(&mut tester, &stream).unwrap();
}

#[tokio::test]
async fn streams_end_with_the_code_of_the_process() {
    let (mut tester, stream) = process();
    let streams = tester.kept().state(Streams::default).unwrap();
    let (to_guest, reader) = pipe();
    let (writer, from_guest) = pipe();
    streams.open(Arc::new(reader)).unwrap();
    streams.open(Arc::new(writer)).unwrap();
    open(&mut tester, &stream).unwrap();
    // The table ends with the code, though an operation may hold it a little longer.
    drop(streams);
    tester.end_code();
    let error = to_guest.write(b"a".to_vec()).await.unwrap_err();
    assert_eq!(error.message, "the reader is gone");
    let error = from_guest.read(1).await.unwrap_err();
    assert_eq!(error.message, "the writer is gone");
    assert!(stream.pipes.is_free());
    // The next code has numbers of its own.
    let error = tester.call(&stream, "stat", &[Value::from(1)]).unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
}
