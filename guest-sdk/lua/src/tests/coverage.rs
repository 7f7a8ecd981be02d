//! Counts of the lines that run.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use warren_guest::mock::{self, Outcome};
use warren_guest::msgpack::{Input, Token};
use warren_guest::{Error, kind};

use super::run_in;

/// The counts that were told, by file and line.
static TOLD: Mutex<BTreeMap<(String, i64), i64>> = Mutex::new(BTreeMap::new());

/// Takes counts, as the runtime does.
fn take(operation: &str, request: &[u8]) -> Result<Vec<u8>, Error> {
    if operation != "coverage.add" {
        return Err(Error::new(kind::NOT_FOUND, operation));
    }
    let mut input = Input::new(request);
    assert_eq!(input.token(), Ok(Token::Array(2)));
    let Ok(Token::String(file)) = input.token() else {
        panic!("no file");
    };
    let Ok(Token::Array(len)) = input.token() else {
        panic!("no lines");
    };
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..len / 2 {
        let (Ok(Token::Integer(line)), Ok(Token::Integer(count))) = (input.token(), input.token())
        else {
            panic!("no line and count");
        };
        let file = String::from_utf8_lossy(file).into_owned();
        *told.entry((file, line)).or_default() += count;
    }
    Ok(vec![0xc0])
}

const SOURCE: &str = r#"local function f(x)
  if x then
    return 1
  end
  return 2
end
debug.sethook(function() end, "l")
coroutine.wrap(function()
  f(true)
end)()
debug.sethook()
return function() f(true) end
"#;

#[test]
fn lines_are_counted_in_coroutines_and_beside_hooks() {
    let mut runtime = mock::Runtime::default();
    runtime.covered = true;
    runtime.capability = Some(take);
    let run = run_in(runtime, SOURCE);
    assert_eq!(run.outcome, Outcome::Finished(None), "{}", run.output);
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let told: Vec<(i64, i64)> = told
        .iter()
        .map(|((_, line), count)| (*line, *count))
        .collect();
    let expected = [
        (1, 1),
        (2, 2),
        (3, 2),
        (5, 0),
        (7, 1),
        (8, 1),
        (9, 1),
        (11, 1),
        (12, 1),
    ];
    assert_eq!(told, expected);
}
