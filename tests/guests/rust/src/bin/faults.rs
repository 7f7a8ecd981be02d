//! Ends in each of the ways a process can fail.

use warren_guest::{Args, Error, println};

#[warren_guest::main]
fn main(args: Args) -> Result<(), Error> {
    match args.get::<String>()?.as_str() {
        "panic" => panic!("a bug in {}", "main"),
        "index" => {
            let values = args.values()?;
            println!("{:?}", values[values.len()]);
            Ok(())
        }
        "memory" => {
            let mut kept = Vec::new();
            loop {
                kept.push(vec![1_u8; 1 << 20]);
            }
        }
        "recursion" => {
            println!("{}", deeper(1));
            Ok(())
        }
        "log" => {
            log::warn!("something {} is odd", "here");
            Ok(())
        }
        "error" => Err(std::io::Error::from(std::io::ErrorKind::NotFound).into()),
        "parse" => Err("seven".parse::<u8>().unwrap_err().into()),
        "exit" => warren_guest::exit(7),
        other => Err(Error::invalid(format!("no fault `{other}`"))),
    }
}

#[expect(unconditional_recursion, reason = "that is the fault")]
fn deeper(n: u64) -> u64 {
    deeper(std::hint::black_box(n + 1)) + n
}
