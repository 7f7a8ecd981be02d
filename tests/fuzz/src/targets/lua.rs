//! Sends random messages and JSON to a Lua process.

use std::cell::RefCell;

use arbitrary::Unstructured;
use rmpv::Value;
use warren_engine::Running;

use super::node::block_on;
use super::values;
use crate::Reached;
use crate::support::{World, encoded};

pub(crate) static LUA: [Reached; 2] = [Reached::new("values taken"), Reached::new("texts taken")];

/// Checks that a Lua process reads or refuses the bytes, and goes on. The first byte
/// chooses between a message and a JSON text.
pub(crate) fn lua(bytes: &[u8]) {
    const READER: &str = "return function()
        local values = process.listen('values', { message = true })
        local texts = process.listen('text', { message = true })
        local after = process.listen('after')
        local taken = 0
        print('ready')
        while true do
            local chosen = channel.select {
                values:case_receive(), texts:case_receive(), after:case_receive() }
            if chosen.channel == after then
                print('read ' .. taken)
                taken = 0
            else
                taken = taken + 1
                local value = chosen.value:payload()
                if chosen.channel == texts then value = json.decode(value) end
                json.encode(value)
            end
        end
    end";
    thread_local! {
        static WORLD: RefCell<Option<(World, Running)>> = const { RefCell::new(None) };
    }
    let Some((how, rest)) = bytes.split_first() else {
        return;
    };
    block_on(async {
        let (mut world, mut running) = match WORLD.take() {
            Some(kept) => kept,
            None => {
                let mut world = World::new(&[]);
                world.define_source("test:reader", READER);
                let running = world.start("test:reader").await;
                world.expect_line("ready").await;
                (world, running)
            }
        };
        if how % 2 == 0 {
            // The process drops bytes that are not values.
            world.send(&running, "values", rest);
        } else {
            world.send(&running, "text", &text_as_values(rest));
        }
        world.send(&running, "after", &text_as_values(b""));
        tokio::select! {
            line = world.line() => {
                let taken = line.strip_prefix("read ").and_then(|it| it.parse().ok());
                let taken: u64 = taken.unwrap_or_else(|| panic!("the reader says {line}"));
                assert!(taken <= 1, "{taken} messages of one");
                LUA[usize::from(how % 2)].add(taken);
            }
            ended = running.wait() => panic!("the reader ended: {:?}", ended.outcome),
        }
        WORLD.set(Some((world, running)));
    });
}

/// An array of one string of bytes.
fn text_as_values(text: &[u8]) -> Vec<u8> {
    encoded(&Value::Array(vec![Value::Binary(text.to_vec())]))
}

/// Makes a message of one value.
pub(crate) fn make(random: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let value = values::make(random)?;
    Ok([&[0, 0x91], &value[..]].concat())
}
