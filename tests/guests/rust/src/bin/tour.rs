//! Every call of the Rust SDK against the real runtime. A mistake is a panic.

use std::collections::BTreeMap;
use std::time::Duration;

use warren_guest::store::{Condition, List, Page, Put};
use warren_guest::time::{Instant, Timer, sleep};
use warren_guest::{
    Actor, Args, Called, Error, Event, Message, Pid, Scope, Select, Spawn, Value, begin_call, call,
    cancel, ctx, events, exec, frame_id, identity, inbox, kind, link, listen, monitor, names, pid,
    println, random, send, server, set_trap_links, spawn, stop, store, terminate, time, trap_links,
    unlink, unmonitor, upgrade,
};

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(60);

#[warren_guest::main]
fn main(args: Args) -> Result<Value, Error> {
    let role: Option<String> = args.nth(0)?;
    match role.as_deref() {
        None => tour().map(Value::from),
        Some("park") => park(),
        Some("fail") => Err(Error::conflict("as asked")),
        Some("context") => Ok(Value::of(&ctx::all()?)?),
        Some("who") => Ok(Value::of(&(identity::actor()?, identity::scope()?))?),
        Some("first") => first_messages(),
        Some("busy") => loop {
            std::hint::spin_loop();
        },
        Some("upgraded") => Ok(Value::of(&(args.nth::<Value>(1)?, pid(), trap_links()))?),
        Some("upgrading") => {
            set_trap_links(true);
            Err(upgrade(None, ("upgraded", 7)))
        }
        Some(other) => Err(Error::invalid(format!("no role `{other}`"))),
    }
}

/// Waits until it is asked to end, and says so.
fn park() -> Result<Value, Error> {
    match events().recv()? {
        Event::Cancel { deadline, .. } => Ok(deadline.is_some().into()),
        other => Err(Error::internal(format!("{other:?}"))),
    }
}

/// Returns the messages that were queued before the process ran.
fn first_messages() -> Result<Value, Error> {
    let inbox = inbox();
    let mut topics = Vec::new();
    while let Some(message) = inbox.try_recv()? {
        topics.push(format!("{}={}", message.topic(), message.get::<i64>()?));
    }
    Ok(topics.into())
}

fn tour() -> Result<&'static str, Error> {
    itself()?;
    messages()?;
    selecting()?;
    processes()?;
    ties()?;
    spawning()?;
    naming()?;
    calling()?;
    operations()?;
    stores()?;
    clocks()?;
    println!("the tour is over");
    Ok("done")
}

fn itself() -> Result<(), Error> {
    assert!(pid().as_str().starts_with("{app:processes|"));
    assert!(frame_id().starts_with("app:main#"));
    let mut bytes = [0; 32];
    random::fill(&mut bytes);
    assert_ne!(bytes, [0; 32]);
    assert!(!trap_links());
    Ok(())
}

fn messages() -> Result<(), Error> {
    let jobs = listen("job")?;
    send(pid(), "job", ("resize", 640))?;
    send(pid(), "other", ())?;
    let (name, size): (String, u32) = jobs.recv_as()?;
    assert_eq!((name.as_str(), size), ("resize", 640));
    let other = inbox().recv()?;
    assert_eq!((other.topic(), other.from()), ("other", Some(&pid())));
    other.get::<()>()?;

    assert!(jobs.try_recv()?.is_none());
    assert!(jobs.recv_timeout(MS)?.is_none());
    jobs.unlisten();
    send(pid(), "job", 1)?;
    assert_eq!(inbox().recv()?.topic(), "job");

    assert!(send(pid(), "@job", 1).is_err_and(|error| error.is(kind::INVALID)));
    assert!(send("nobody", "job", 1).is_err_and(|error| error.is(kind::NOT_FOUND)));
    assert!(listen("").is_err_and(|error| error.is(kind::INVALID)));
    let error = send(pid(), "job", vec![u64::MAX]).unwrap_err();
    assert!(error.message.starts_with("payload: [0]: 1844"), "{error}");
    Ok(())
}

fn selecting() -> Result<(), Error> {
    #[derive(Debug)]
    enum Came {
        Message(Message),
        Event(Event),
        Ended(Result<Value, Error>),
        Rang,
    }
    let (jobs, events) = (listen("job")?, events());
    let watched = me("fail").monitored().start()?;
    let mut pending = Some(me("context").exec()?);
    let timer = Timer::after(5 * MS);
    send(pid(), "job", 1)?;
    let mut seen = [0; 4];
    while seen.iter().sum::<i32>() < 4 {
        let mut select = Select::new()
            .on(&jobs, Came::Message)
            .on(&events, Came::Event)
            .on(&timer, |()| Came::Rang);
        if let Some(pending) = &pending {
            select = select.on(pending, Came::Ended);
        }
        match select.wait()? {
            Came::Message(message) => {
                assert_eq!(message.get::<u8>()?, 1);
                seen[0] += 1;
            }
            Came::Event(Event::Exit { from, result, .. }) => {
                assert_eq!(from, watched);
                assert!(result.is_err_and(|error| error.is(kind::CONFLICT)));
                seen[1] += 1;
            }
            Came::Event(other) => panic!("{other:?}"),
            Came::Ended(result) => {
                result?;
                pending = None;
                seen[2] += 1;
            }
            Came::Rang => seen[3] += 1,
        }
    }
    assert_eq!(seen, [1; 4]);
    jobs.unlisten();
    Ok(())
}

fn processes() -> Result<(), Error> {
    let error = exec::<Value>(me("fail")).unwrap_err();
    assert!(error.is(kind::CONFLICT) && error.message == "as asked");
    assert!(exec::<Value>("app:none").is_err_and(|error| error.is(kind::NOT_FOUND)));
    assert!(spawn(me("park").host("no:host")).is_err_and(|error| error.is(kind::NOT_FOUND)));

    let (seven, upgraded, trapping): (i64, Pid, bool) = exec(me("upgrading"))?;
    assert_eq!((seven, trapping), (7, true));
    assert_ne!(upgraded, pid());
    assert!(upgrade(Some("app:none"), ()).is(kind::NOT_FOUND));

    let busy = me("busy").monitored().start()?;
    terminate(&busy)?;
    assert!(ended(&busy)?.is_err_and(|error| error.is(kind::CANCELED)));
    assert!(terminate(&busy).is_err_and(|error| error.is(kind::NOT_FOUND)));

    let parked = me("park").monitored().start()?;
    cancel(&parked, Some(LONG))?;
    assert_eq!(ended(&parked)?, Ok(Value::Boolean(true)));

    let busy = me("busy").monitored().start()?;
    stop(&busy, Some(LONG))?;
    assert!(ended(&busy)?.is_err_and(|error| error.is(kind::CANCELED)));
    assert!(stop(&busy, None).is_err_and(|error| error.is(kind::NOT_FOUND)));
    Ok(())
}

fn ties() -> Result<(), Error> {
    let parked = spawn(me("park"))?;
    monitor(&parked)?;
    monitor(&parked)?;
    cancel(&parked, None)?;
    assert_eq!(ended(&parked)?, Ok(Value::Boolean(false)));

    let parked = spawn(me("park"))?;
    monitor(&parked)?;
    unmonitor(&parked)?;
    link(&parked)?;
    unlink(&parked)?;
    terminate(&parked)?;

    set_trap_links(true);
    let failing = me("fail").linked().start()?;
    let down = events().recv()?;
    assert!(
        matches!(&down, Event::LinkDown { result: Err(_), .. }),
        "{down:?}"
    );
    assert_eq!(down.from(), Some(&failing));
    assert!(events().recv_timeout(MS)?.is_none());
    set_trap_links(false);
    assert!(monitor(pid()).is_err_and(|error| error.is(kind::INVALID)));
    Ok(())
}

fn spawning() -> Result<(), Error> {
    let context: BTreeMap<String, Value> = me("context")
        .context("region", "eu")
        .context("limits", (1, 2.0))
        .exec()?
        .wait()?;
    assert_eq!(context["region"], "eu".into());
    assert_eq!(context["limits"], Value::of(&(1, 2.0))?);
    assert_eq!(ctx::get::<Value>("region")?, None);

    let mut ada = Actor::new("ada");
    ada.meta.insert("role".into(), "admin".into());
    let readers = Scope {
        policies: vec!["readers".into()],
    };
    let who: (Option<Actor>, Option<Scope>) = me("who")
        .actor(ada.clone())
        .scope(readers.clone())
        .exec()?
        .wait()?;
    assert_eq!(who, (Some(ada), Some(readers)));
    assert_eq!(identity::actor()?, None);
    assert!(identity::can("process.send", "x"));
    assert!(identity::can_with(
        "process.send",
        "x",
        &BTreeMap::from([("a", 1)])
    )?);
    assert!(identity::policy("none").is_err());
    assert!(identity::named_scope("none").is_err());

    let first: Vec<String> = me("first").message("b", 1).message("a", 2).exec()?.wait()?;
    assert_eq!(first, ["b=1", "a=2"]);
    Ok(())
}

fn naming() -> Result<(), Error> {
    names::register("tour")?;
    names::register("tour")?;
    assert_eq!(names::lookup("tour")?, pid());
    let taken = me("park").name("tour").start().unwrap_err();
    assert!(taken.is(kind::ALREADY_EXISTS));
    #[derive(serde::Deserialize)]
    struct Holder {
        pid: Pid,
    }
    assert_eq!(taken.details_as::<Holder>().unwrap().pid, pid());
    assert!(names::unregister("tour")?);
    assert!(!names::unregister("tour")?);
    assert!(names::lookup("tour").is_err_and(|error| error.is(kind::NOT_FOUND)));
    let parked = spawn(me("park"))?;
    names::register_for("parked", &parked)?;
    assert_eq!(names::lookup("parked")?, parked);
    terminate("parked")
}

fn operations() -> Result<(), Error> {
    let digest: String = call("hash.sha256", "abc")?;
    assert!(digest.starts_with("ba7816bf8f01cfea"), "{digest}");
    // This one takes longer.
    let derive = ("password", "salt", 20_000, 32);
    let key: Value = call("crypto.pbkdf2", derive)?;
    let Called::Pending(pending) = begin_call("crypto.pbkdf2", derive)? else {
        panic!("it is done");
    };
    let outcome = Select::new().on(&pending, |outcome| outcome).wait()?;
    assert_eq!(outcome?, key);
    assert!(call::<()>("hash.none", ()).is_err_and(|error| error.is(kind::NOT_FOUND)));
    assert!(call::<()>("hash.sha256", ()).is_err_and(|error| error.is(kind::INVALID)));
    Ok(())
}

fn stores() -> Result<(), Error> {
    assert!(store::open("none").is_err_and(|error| error.is(kind::NOT_FOUND)));
    for id in ["memory", "durable"] {
        let s = store::open(id)?;
        let watch = s.watch("orders/")?;
        s.set("orders/1", ("tea", 3))?;
        assert_eq!(s.get::<(String, u8)>("orders/1")?, ("tea".to_owned(), 3));
        assert_eq!(s.find::<Value>("orders/2")?, None);
        assert!(
            s.get::<u8>("orders/1")
                .is_err_and(|error| error.is(kind::INVALID))
        );
        let absent = Put {
            condition: Condition::Absent,
            ttl: Some(LONG),
        };
        let error = s.put("orders/1", 1, absent).unwrap_err();
        assert!(error.is(kind::ALREADY_EXISTS), "{error}");
        let version = s.put("orders/2", 1, absent)?;
        let unchanged = Put {
            condition: Condition::Version(&version),
            ..Put::default()
        };
        s.put("orders/2", 2, unchanged)?;
        let error = s.put("orders/2", 3, unchanged).unwrap_err();
        assert!(error.is(kind::CONFLICT), "{error}");
        assert_eq!([s.incr("count", 2)?, s.incr("count", -3)?], [2, -1]);
        let list = List {
            prefix: "orders/",
            limit: Some(1),
            ..List::default()
        };
        let page: Page<Value> = s.list(list)?;
        assert!(page.has_more && page.items[0].key == "orders/1");
        let after = page.cursor.as_deref().unwrap_or_default();
        let page: Page<u8> = s.list(List { after, ..list })?;
        assert_eq!(page.items[0], s.entry("orders/2")?);
        assert!(s.has("orders/1")? && s.delete("orders/1")? && !s.delete("orders/1")?);
        s.set_for("short", 1, MS)?;
        while s.has("short")? {}
        for (key, is_set) in [("1", true), ("2", true), ("2", true), ("1", false)] {
            let change = watch.recv()?;
            assert_eq!(change.key, format!("orders/{key}"));
            assert_eq!(change.version.is_some(), is_set);
        }
        assert_eq!(watch.try_recv()?, None);
        watch.close()?;
        assert!(s.info()?.get("id").is_some());
    }
    Ok(())
}

/// Runs the client's side of the server protocol, without a server.
fn calling() -> Result<(), Error> {
    let mute = me("park").monitored().start()?;
    let error = server::call_timeout::<Value>(&mute, "Get", 5 * MS).unwrap_err();
    assert!(error.is(kind::TIMEOUT), "{error}");
    server::cast(&mute, ("a", "b"))?;
    terminate(&mute)?;
    assert!(ended(&mute)?.is_err());
    let error = server::call::<Value>(&mute, "Get").unwrap_err();
    assert!(error.is(kind::NOT_FOUND), "{error}");
    Ok(())
}

fn clocks() -> Result<(), Error> {
    let (began, now) = (Instant::now(), time::now());
    sleep(2 * MS)?;
    assert!(began.elapsed() >= 2 * MS);
    assert!(time::now() >= now);
    let tick = Timer::every(MS);
    tick.wait()?;
    tick.wait()?;
    assert!(began.elapsed() >= 4 * MS);
    Ok(())
}

/// Returns a process of this definition, with a role.
fn me(role: &str) -> Spawn {
    Spawn::new("app:main").arg(role)
}

/// Waits for the end of a monitored process.
fn ended(pid: &Pid) -> Result<warren_guest::Outcome, Error> {
    match events().recv()? {
        Event::Exit { from, result, .. } if from == *pid => Ok(result),
        other => panic!("{other:?}"),
    }
}
