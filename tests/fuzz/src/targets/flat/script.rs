//! Scripts for the guest of the target: sequences of calls, most with valid operands and
//! the others with near misses.

use std::ops::Range;

use arbitrary::{Result, Unstructured};
use rmpv::Value;

use super::driver::{self, Extra, From, OUT, OUT_BYTES, OUTS, RESULTS, SCRIPT};
use super::{DEFINITIONS, HOSTS};
use crate::support::encoded;
use crate::support::imports::{ALL as IMPORTS, Import};
use crate::targets::values::{KEYS, error, map, value};

/// Imports in the order of [`IMPORTS`]: the meaning of each parameter, and the weight of
/// the import among all.
///
/// `d` definition, `h` host, `v` an array of values, `f` flags, `m` options of a
/// spawn, `t` target, `q` topic, `n` name, `k` key of a context, `u` subscription,
/// `w` wanted subscriptions, `D` deadline, `o` buffer for a result, `1` one value,
/// `a` action, `r` resource, `p` policy, `s` small number, `b` any range, `e` error,
/// `g` text for people.
const MEANINGS: [(&str, &str, u8); 49] = [
    ("take", "o", 4),
    ("pid", "o", 1),
    ("frame-id", "o", 1),
    ("send", "tqv", 8),
    ("spawn", "dhvfmo", 8),
    ("exec", "dhvm", 4),
    ("terminate", "t", 1),
    ("cancel", "tD", 1),
    ("monitor", "t", 3),
    ("unmonitor", "t", 2),
    ("link", "t", 3),
    ("unlink", "t", 2),
    ("get-options", "", 1),
    ("set-options", "f", 2),
    ("upgrade", "dv", 1),
    ("inbox", "", 3),
    ("events", "", 3),
    ("listen", "q", 4),
    ("unlisten", "u", 2),
    ("receive", "wDo", 8),
    ("receive-one", "uDo", 6),
    ("await", "wD", 1),
    ("register", "nt", 4),
    ("lookup", "no", 4),
    ("unregister", "n", 2),
    ("get", "ko", 2),
    ("all", "o", 2),
    ("actor", "o", 1),
    ("scope", "o", 1),
    ("can", "ar1", 2),
    ("policy", "p", 1),
    ("named-scope", "po", 1),
    ("call", "nvo", 2),
    ("now", "", 1),
    ("monotonic", "", 1),
    ("bytes", "b", 1),
    ("write", "sb", 1),
    ("flush", "s", 1),
    ("read", "o", 1),
    ("log", "sgg1", 1),
    ("definition", "o", 1),
    ("method", "o", 1),
    ("arguments", "o", 1),
    ("code", "o", 1),
    ("module", "no", 1),
    ("prepared", "b", 1),
    ("finish", "1", 1),
    ("fail", "e", 1),
    ("exit", "s", 1),
];

const TOPICS: [&str; 5] = ["t", "t", "u", "v", "@inbox"];
const NAMES: [&str; 5] = ["a", "b", "c", "name", ""];
const ACTIONS: [&str; 3] = ["process.send", "process.spawn", "x"];
const POLICIES: [&str; 3] = ["open", "closed", "none"];

/// Calls at the start of most scripts, so that later calls have valid operands.
const PRELUDE: [&str; 6] = ["register", "inbox", "events", "listen", "spawn", "lookup"];

/// Nesting of the scripts that a script holds for the processes it spawns.
const DEPTH: usize = 2;

/// Makes a script, encoded as the arguments of the guest.
pub(super) fn arguments(random: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(of(script(random, DEPTH)?))
}

/// Encodes a script as an array of one string of bytes. The string has the longest
/// head, so that every script has the same address.
fn of(script: Vec<u8>) -> Vec<u8> {
    let mut arguments = vec![0x91, 0xc6];
    arguments.extend(u32::try_from(script.len()).unwrap_or(0).to_be_bytes());
    arguments.extend(script);
    arguments
}

/// A script under construction.
struct Script {
    calls: Vec<u8>,
    /// The code of each call.
    made: Vec<usize>,
    /// True while the current call gets valid operands only.
    sound: bool,
    data: Data,
}

/// The data that calls point to, with their addresses in the guest's memory.
struct Data {
    bytes: Vec<u8>,
    definitions: Vec<Range<u32>>,
    hosts: Vec<Range<u32>>,
    topics: Vec<Range<u32>>,
    names: Vec<Range<u32>>,
    keys: Vec<Range<u32>>,
    actions: Vec<Range<u32>>,
    policies: Vec<Range<u32>>,
    arrays: Vec<Range<u32>>,
    maps: Vec<Range<u32>>,
    values: Vec<Range<u32>>,
    errors: Vec<Range<u32>>,
    any: Vec<Range<u32>>,
}

/// Bytes reserved for the calls, which fixes the addresses of the data.
const CALLS: usize = 8 << 10;

/// Address of the data in the guest's memory.
const DATA: u32 = SCRIPT + 4 + CALLS as u32;

fn script(random: &mut Unstructured<'_>, depth: usize) -> Result<Vec<u8>> {
    let mut script = Script {
        calls: Vec::new(),
        made: Vec::new(),
        sound: true,
        data: Data::new(random, depth)?,
    };
    script.add(place("pid"), random)?;
    for name in PRELUDE {
        if random.ratio(2, 3)? {
            script.add(place(name), random)?;
        }
    }
    let count = random.int_in_range(1..=40)?;
    for _ in 0..count {
        if random.is_empty() || script.calls.len() > CALLS - 128 {
            break;
        }
        script.sound = random.ratio(3, 4)?;
        script.add(weighed(random)?, random)?;
    }
    let mut bytes = Vec::with_capacity(4 + CALLS + script.data.bytes.len());
    bytes.extend(u32::try_from(script.calls.len()).unwrap_or(0).to_le_bytes());
    script.calls.resize(CALLS, 0);
    bytes.extend(script.calls);
    bytes.extend(script.data.bytes);
    Ok(bytes)
}

/// Returns the index of the import of this name.
fn place(name: &str) -> usize {
    IMPORTS
        .iter()
        .position(|import| import.name == name)
        .unwrap_or(0)
}

/// Chooses a call by its weight.
fn weighed(random: &mut Unstructured<'_>) -> Result<usize> {
    if random.ratio(1, 16)? {
        let extra = random.choose(&[Extra::Grow, Extra::Compute, Extra::Again])?;
        return Ok(IMPORTS.len() + *extra as usize);
    }
    let sum: u32 = MEANINGS.iter().map(|(.., weight)| u32::from(*weight)).sum();
    let mut left = random.int_in_range(0..=sum - 1)?;
    for (place, (.., weight)) in MEANINGS.iter().enumerate() {
        match left.checked_sub(u32::from(*weight)) {
            Some(less) => left = less,
            None => return Ok(place),
        }
    }
    Ok(0)
}

impl Script {
    fn add(&mut self, call: usize, random: &mut Unstructured<'_>) -> Result<()> {
        self.calls.push(u8::try_from(call).unwrap_or(u8::MAX));
        match IMPORTS.get(call) {
            Some(import) => self.operands(call, import, random)?,
            None => {
                let most = if call == IMPORTS.len() + Extra::Compute as usize {
                    100_000
                } else {
                    9
                };
                let number = random.int_in_range(0..=most)?;
                self.number(From::Literal, number);
            }
        }
        self.made.push(call);
        Ok(())
    }

    fn operands(
        &mut self,
        call: usize,
        import: &Import,
        random: &mut Unstructured<'_>,
    ) -> Result<()> {
        let (name, meanings, _) = MEANINGS[call];
        assert_eq!(name, import.name, "meanings are in the order of imports");
        for (meaning, parameter) in meanings.chars().zip(import.parameters.chars()) {
            match parameter {
                'i' | 'I' => self.one(meaning, random)?,
                _ => self.pair(meaning, parameter, random)?,
            }
        }
        Ok(())
    }

    /// Adds a parameter that is one number.
    fn one(&mut self, meaning: char, random: &mut Unstructured<'_>) -> Result<()> {
        if !self.sound && random.ratio(1, 16)? {
            let odd = *random.choose(&[-1, i64::from(i32::MAX), i64::MIN, i64::MAX, 1 << 32])?;
            self.number(From::Literal, odd);
            return Ok(());
        }
        match meaning {
            'u' => match self.earlier(random, &["inbox", "events", "listen", "exec"])? {
                Some(place) => self.number(From::Result, place.into()),
                None => {
                    let number = random.int_in_range(0..=4)?;
                    self.number(From::Literal, number);
                }
            },
            'D' => {
                let from = if random.ratio(1, 2)? {
                    From::Now
                } else {
                    From::Literal
                };
                let number = *random.choose(&[0, 0, 0, 1, 1_000, 100_000, 1_000_000, -1])?;
                self.number(from, number);
            }
            _ => {
                let number = random.int_in_range(0..=4)?;
                self.number(From::Literal, number);
            }
        }
        Ok(())
    }

    /// Adds a parameter that is an address and a length.
    fn pair(
        &mut self,
        meaning: char,
        parameter: char,
        random: &mut Unstructured<'_>,
    ) -> Result<()> {
        // A range outside the memory ends the guest.
        if !self.sound && random.ratio(1, 24)? {
            let near = [0, 1, 4, 100, 1024, 1025, 65_536, 262_143, 262_144];
            let far = [
                -1,
                i64::from(i32::MAX),
                i64::from(i32::MIN),
                1 << 20,
                2 << 20,
            ];
            for _ in 0..2 {
                let number = if random.ratio(7, 8)? {
                    *random.choose(&near)?
                } else {
                    *random.choose(&far)?
                };
                self.number(From::Literal, number);
            }
            return Ok(());
        }
        if parameter == 'o' && random.ratio(1, 4)? {
            self.literals(0, u32::MAX);
            return Ok(());
        }
        match meaning {
            'o' => {
                let at = out(self.made.len());
                let capacity = if self.sound {
                    OUT_BYTES
                } else {
                    *random.choose(&[OUT_BYTES, 16, 0])?
                };
                self.literals(at, capacity);
            }
            'w' => self.wanted(random)?,
            't' => self.target(random)?,
            _ => {
                let range = if self.sound {
                    self.data.sound(meaning, random)?
                } else if random.ratio(1, 12)? {
                    random.choose(&self.data.any)?.clone()
                } else {
                    random.choose(self.data.all(meaning))?.clone()
                };
                let cut = u32::from(!self.sound && random.ratio(1, 32)?);
                let length = (range.end - range.start).saturating_sub(cut);
                self.literals(range.start, length);
            }
        }
        Ok(())
    }

    /// Adds a list of subscriptions: the results of consecutive calls.
    fn wanted(&mut self, random: &mut Unstructured<'_>) -> Result<()> {
        let place = self.earlier(random, &["inbox", "events", "listen", "exec"])?;
        let count = random.int_in_range(0..=3)?;
        self.literals(RESULTS + 4 * u32::from(place.unwrap_or(0)), count);
        Ok(())
    }

    /// Adds a target: the process itself, a spawned or looked-up process, the sender
    /// of a message, or a name.
    fn target(&mut self, random: &mut Unstructured<'_>) -> Result<()> {
        let found = match random.int_in_range(0..=11)? {
            0 => Some(0),
            1..=6 => self.earlier(random, &["spawn"])?,
            7 | 8 => self.earlier(random, &["lookup", "pid"])?,
            9 | 10 => {
                if let Some(place) = self.earlier(random, &["receive", "receive-one"])? {
                    let message = out(place.into());
                    self.number(From::Literal, i64::from(message + 12));
                    self.number(From::Memory, i64::from(message + 4));
                    return Ok(());
                }
                None
            }
            _ => None,
        };
        match found {
            Some(place) => {
                self.number(From::Literal, out(place.into()).into());
                self.number(From::Result, place.into());
            }
            None => {
                let name = random.choose(&self.data.names)?;
                self.literals(name.start, name.end - name.start);
            }
        }
        Ok(())
    }

    /// Returns the index of an earlier call of one of these names.
    fn earlier(&self, random: &mut Unstructured<'_>, names: &[&str]) -> Result<Option<u8>> {
        let places: Vec<usize> = (0..self.made.len().min(OUTS as usize))
            .filter(|place| {
                let import = IMPORTS.get(self.made[*place]);
                import.is_some_and(|import| names.contains(&import.name))
            })
            .collect();
        if places.is_empty() {
            return Ok(None);
        }
        Ok(u8::try_from(*random.choose(&places)?).ok())
    }

    fn literals(&mut self, ptr: u32, len: u32) {
        self.number(From::Literal, ptr.into());
        self.number(From::Literal, i64::from(len.cast_signed()));
    }

    fn number(&mut self, from: From, value: i64) {
        self.calls.push(from as u8);
        self.calls.extend(value.to_le_bytes());
    }
}

/// Returns the address for the bytes of the call with this index.
fn out(place: usize) -> u32 {
    OUT + OUT_BYTES * (u32::try_from(place).unwrap_or(0) % OUTS)
}

impl Data {
    fn new(random: &mut Unstructured<'_>, depth: usize) -> Result<Data> {
        let mut data = Data {
            bytes: Vec::new(),
            definitions: Vec::new(),
            hosts: Vec::new(),
            topics: Vec::new(),
            names: Vec::new(),
            keys: Vec::new(),
            actions: Vec::new(),
            policies: Vec::new(),
            arrays: Vec::new(),
            maps: Vec::new(),
            values: Vec::new(),
            errors: Vec::new(),
            any: Vec::new(),
        };
        data.definitions = data.texts(&DEFINITIONS);
        data.hosts = data.texts(&HOSTS);
        data.topics = data.texts(&TOPICS);
        data.names = data.texts(&NAMES);
        data.keys = data.texts(&KEYS);
        data.actions = data.texts(&ACTIONS);
        data.policies = data.texts(&POLICIES);
        for _ in 0..3 {
            let value = value(random, 3)?;
            let range = data.keep(&encoded(&Value::Array(vec![value])));
            data.arrays.push(range);
        }
        let none = data.keep(&[0x90]);
        data.arrays.push(none);
        for _ in 0..2 {
            let options = options(random)?;
            let range = data.keep(&encoded(&options));
            data.maps.push(range);
        }
        data.maps.push(0..0);
        for _ in 0..2 {
            let value = value(random, 2)?;
            let range = data.keep(&encoded(&value));
            data.values.push(range);
            let error = error(random, 1)?;
            let range = data.keep(&encoded(&error));
            data.errors.push(range);
        }
        let one = data.keep(&[0x01]);
        data.values.push(one);
        let error = Value::Array(vec!["own".into(), "message".into()]);
        let error = data.keep(&encoded(&Value::Ext(1, encoded(&error))));
        data.errors.push(error);
        if depth > 0 {
            for _ in 0..random.int_in_range(1..=2)? {
                // The calls need the rest of the bytes.
                let share = random.bytes(random.len() / 4)?;
                let inner = of(script(&mut Unstructured::new(share), depth - 1)?);
                // The guest's buffer for its arguments is bounded.
                if data.bytes.len() + inner.len() + CALLS < driver::MAX_SCRIPT {
                    let range = data.keep(&inner);
                    data.arrays.push(range.clone());
                    data.arrays.push(range);
                }
            }
        }
        let length = random.int_in_range(0..=64)?;
        let length = random.len().min(length);
        let bytes = random.bytes(length)?.to_vec();
        let range = data.keep(&bytes);
        data.any.push(range);
        let broken = data.keep(&[0xc1]);
        data.any.push(broken);
        Ok(data)
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<u32> {
        let start = DATA + u32::try_from(self.bytes.len()).unwrap_or(0);
        self.bytes.extend(bytes);
        start..DATA + u32::try_from(self.bytes.len()).unwrap_or(0)
    }

    fn texts(&mut self, texts: &[&str]) -> Vec<Range<u32>> {
        texts
            .iter()
            .map(|text| self.keep(text.as_bytes()))
            .collect()
    }

    /// Returns the candidates for an operand of this meaning.
    fn all(&self, meaning: char) -> &[Range<u32>] {
        match meaning {
            'd' => &self.definitions,
            'h' => &self.hosts,
            'q' => &self.topics,
            'n' | 'r' | 'g' => &self.names,
            'k' => &self.keys,
            'a' => &self.actions,
            'p' => &self.policies,
            'v' => &self.arrays,
            'm' => &self.maps,
            '1' => &self.values,
            'e' => &self.errors,
            _ => &self.any,
        }
    }

    /// Returns a valid candidate. The invalid ones are the last texts, and the first
    /// encoded values.
    fn sound(&self, meaning: char, random: &mut Unstructured<'_>) -> Result<Range<u32>> {
        let all = self.all(meaning);
        let found = match meaning {
            'v' | 'm' | '1' | 'e' => all.last(),
            'd' | 'h' => all.first(),
            _ => Some(random.choose(all.split_last().map_or(all, |(_, rest)| rest))?),
        };
        Ok(found.cloned().unwrap_or_default())
    }
}

/// Makes the options of a spawn, most of them valid.
fn options(random: &mut Unstructured<'_>) -> Result<Value> {
    let mut pairs = Vec::new();
    for key in ["context", "actor", "scope", "name", "messages", "other"] {
        if !random.ratio(1, if key == "other" { 16 } else { 3 })? {
            continue;
        }
        let right = match key {
            "context" => map(random, 1)?,
            "actor" => Value::Map(vec![
                ("id".into(), "acme".into()),
                ("meta".into(), map(random, 1)?),
            ]),
            "scope" => {
                let policy = Value::from(*random.choose(&POLICIES)?);
                Value::Map(vec![("policies".into(), Value::Array(vec![policy]))])
            }
            "name" => Value::from(*random.choose(&NAMES)?),
            "messages" => {
                let topic = Value::from(*random.choose(&TOPICS)?);
                let payload = Value::Array(vec![value(random, 1)?]);
                Value::Array(vec![Value::Array(vec![topic, payload])])
            }
            _ => Value::Nil,
        };
        let given = if random.ratio(1, 16)? {
            value(random, 2)?
        } else {
            right
        };
        pairs.push((Value::from(key), given));
    }
    Ok(Value::Map(pairs))
}
