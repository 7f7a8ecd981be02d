//! Values that cross a process boundary.

use warren_guest::mock;

use super::{output_of, run, run_in};

/// Sends `values` to the process itself and prints `report`, in which `...`
/// is what arrived.
fn round_trip(values: &str, report: &str) -> String {
    output_of(&format!(
        "local inbox = process.inbox()
         assert(process.send(process.pid(), 't', {values}))
         local function report(...) print({report}) end
         report(inbox:receive():payload())"
    ))
}

#[test]
fn scalars_arrive_as_they_are() {
    assert_eq!(
        round_trip(
            "nil, true, false, 1, 1.0, -0.0, math.mininteger, math.maxinteger, 1e300, 'x', '\\xff\\0', nil",
            "select('#', ...), ..."
        ),
        "12\tnil\ttrue\tfalse\t1\t1.0\t-0.0\t-9223372036854775808\t9223372036854775807\t1e+300\tx\t\u{fffd}\0\tnil\n"
    );
    assert_eq!(
        round_trip("0/0, 1/0", "(...) ~= (...), select(2, ...)"),
        "true\tinf\n"
    );
}

#[test]
fn tables_arrive_with_their_keys() {
    let report = "json.encode((...))";
    assert_eq!(round_trip("{ 1, { 2, { 3 } } }", report), "[1,[2,[3]]]\n");
    assert_eq!(round_trip("{}", report), "[]\n");
    assert_eq!(
        round_trip(
            "(function() local t = {} for i = 20, 1, -1 do t[i] = i end return t end)()",
            "#(...), (...)[20]"
        ),
        "20\t20\n"
    );
    assert_eq!(
        round_trip(
            "{ [true] = 1, [2.5] = 2, [7] = 3, k = { {} } }",
            "(...)[true], (...)[2.5], (...)[7], #(...).k"
        ),
        "1\t2\t3\t1\n"
    );
    assert_eq!(
        round_trip("{ 1, { 2 }, x = 3 }", "(...)[1], (...)[2][1], (...).x"),
        "1\t2\t3\n"
    );
    assert_eq!(
        round_trip("{ 1, nil, 3 }", "(...)[1], (...)[2], (...)[3]"),
        "1\tnil\t3\n"
    );
    assert_eq!(
        round_trip(
            "setmetatable({ 1 }, { __index = error, __len = error })",
            "getmetatable((...))"
        ),
        "nil\n"
    );
}

#[test]
fn structured_errors_arrive_intact() {
    assert_eq!(
        round_trip(
            "errors.new { kind = errors.TIMEOUT, message = 'm', retryable = false, details = { 1 } }",
            "(...):kind(), (...):message(), (...):retryable(), (...):details()[1], (...):stack()"
        ),
        "Timeout\tm\tfalse\t1\ttest.lua:2: in main chunk\n"
    );
}

#[test]
fn values_that_cannot_cross_are_refused_by_their_path() {
    let refused = |value: &str| {
        output_of(&format!(
            "local ok, err = process.send(process.pid(), 't', 0, {value})
             print(ok, err:kind(), err)
             assert(channel.select({{ process.inbox():case_receive(), default = true }}).default)"
        ))
    };
    for (value, message) in [
        (
            "{ callback = print }",
            "payload[2].callback: a function cannot leave its process",
        ),
        (
            "{ { [1.5] = coroutine.create(print) } }",
            "payload[2][1][1.5]: a coroutine cannot leave its process",
        ),
        (
            "{ ['a key'] = channel.new() }",
            "payload[2][\"a key\"]: a channel cannot leave its process",
        ),
        ("time.now()", "payload[2]: a time cannot leave its process"),
        (
            "io.stdout",
            "payload[2]: a userdata cannot leave its process",
        ),
        (
            "{ [{}] = 1 }",
            "payload[2]: a key that is a table cannot leave its process",
        ),
        (
            "errors.new { message = 'm', details = { print } }",
            "payload[2]:details()[1]: a function cannot leave its process",
        ),
        (
            "(function() local t = {} t.x = { t } return t end)()",
            "payload[2].x[1]: a table that contains itself cannot leave its process",
        ),
    ] {
        assert_eq!(refused(value), format!("nil\tInvalid\t{message}\n"));
    }
    let deep = refused("(function() local t = {} for _ = 1, 100 do t = { t } end return t end)()");
    assert!(
        deep.ends_with("[1]: nested deeper than 100 levels, which cannot leave its process\n"),
        "{deep}"
    );
    assert_eq!(
        round_trip(
            "(function() local t = {} for _ = 1, 99 do t = { t } end return t end)()",
            "type((...))"
        ),
        "table\n"
    );
}

#[test]
fn a_message_that_cannot_be_read_is_dropped_with_a_warning() {
    for payload in [
        &b"\xc1"[..],
        b"\x91",
        b"\x91\xdd\xff\xff\xff\xff",
        b"\x91\x81\xc0\x01",
        b"\x91\xd4\x07\x00",
        b"\x05",
        // Bytes after the values, and after the parts of an error.
        b"\x91\x01\xff",
        b"\x90\xc0",
        b"\x91\xc7\x06\x01\x92\xa1k\xa1m\xc0",
    ] {
        let mut runtime = mock::Runtime::default();
        runtime.deliver("{x|1}", "bad", payload);
        runtime.deliver("{x|1}", "good", b"\x91\x01");
        let run = run_in(runtime, "print(process.inbox():receive():topic())");
        assert_eq!(run.output, "good\n", "{payload:x?}");
        assert!(
            run.runtime.logged[0]
                .starts_with("cannot read a message with topic 'bad' from {x|1}, which is dropped")
        );
    }
}

#[test]
fn a_raw_listener_gets_values() {
    let run = run("local ch = process.listen('t')
         assert(ch == process.listen('t'))
         local me = process.pid()
         process.send(me, 't'); process.send(me, 't', 'one'); process.send(me, 't', 1, nil, nil)
         print(ch:receive()); print(ch:receive())
         local several = ch:receive()
         print(several.n, several[1], several[2])
         local ok, err = process.listen('t', { message = true })
         print(ok, err:kind())
         assert(process.unlisten(ch))
         print(ch:receive())
         print(pcall(ch.send, ch, 1))");
    let expected = "nil\ttrue\none\ttrue\n3\t1\tnil\nnil\tConflict\nnil\tfalse\n\
                    false\tcannot send on a receive-only channel\n";
    assert_eq!(run.output, expected);
}

#[test]
fn a_spawn_carries_the_options_of_its_spawner() {
    let run = run("local values = { user = { 'ann' } }
         local base = process.with_context(values)
         values.user[1] = 'bob'
         local spawner = base:with_context({ n = 1 }):with_name('worker'):with_message('t', 1, nil)
         print(spawner:spawn_monitored('app:w', 'app:processes', 'x'))
         print(process.with_context({ f = print }))
         print(type(spawner), process.send(process.pid(), 't', spawner))");
    let spawned = &run.runtime.spawned[0];
    assert_eq!(
        (spawned.definition.as_str(), spawned.host.as_str()),
        ("app:w", "app:processes")
    );
    assert_eq!(spawned.arguments, b"\x91\xa1x");
    let options = String::from_utf8_lossy(&spawned.options).into_owned();
    for part in
        ["\u{a4}name", "ann", "worker", "messages"].map(|part| part.trim_start_matches('\u{a4}'))
    {
        assert!(options.contains(part), "{part} in {options:?}");
    }
    assert!(!options.contains("bob"));
    assert_eq!(
        run.output,
        "{app:test|0x00002}\nnil\tcontext.f: a function cannot leave its process\n\
         userdata\tnil\tpayload[1]: a userdata cannot leave its process\n"
    );
}

#[test]
fn policies_actors_and_scopes_cross_as_plain_values() {
    let output = output_of(
        r#"local scope = security.new_scope { "a", "b", "a" }
         local policy = scope:policies()[2]
         local actor = security.new_actor("ada", { role = "admin", tags = { 1, 2 } })
         local inbox = process.inbox()
         process.send(process.pid(), "t", policy, actor, scope, { deep = { policy, scope:without("a") } })
         local p, a, s, deep = inbox:receive():payload()
         print(p, type(p), a.id, a.meta.role, a.meta.tags[2], type(a), table.concat(s, " "), deep.deep[1], deep.deep[2][1])
         print(json.encode { policy, scope }, json.encode(actor):find('"id":"ada"', 1, true) ~= nil)
         print(tostring(policy), policy .. "!", "<" .. policy .. ">", policy .. policy, policy == scope:policies()[2])
         print(policy:id(), scope:contains(policy), scope:contains("c"), #scope:with("c"):policies(), #scope:with(policy):policies())
         print(#scope:without(policy):policies(), #scope:without("c"):policies(), #security.new_scope({ policy, "c" }):policies())
         for _, f in ipairs { scope.with, scope.without, scope.contains } do
           local nothing, err = f(scope)
           print(nothing, err:kind(), pcall(f, scope, 1))
         end
         print(pcall(function() return policy .. {} end))"#,
    );
    assert_eq!(
        output,
        "b\tstring\tada\tadmin\t2\ttable\ta b\tb\tb\n\
         [\"b\",[\"a\",\"b\"]]\ttrue\n\
         b\tb!\t<b>\tbb\ttrue\n\
         b\ttrue\tfalse\t3\t2\n\
         1\t2\t2\n\
         nil\tInvalid\tfalse\tbad argument #2 to 'with' (policy or string expected, got number)\n\
         nil\tInvalid\tfalse\tbad argument #2 to 'without' (policy or string expected, got number)\n\
         nil\tInvalid\tfalse\tbad argument #2 to 'contains' (policy or string expected, got number)\n\
         false\ttest.lua:16: attempt to concatenate a table value\n"
    );
}
