//! Text that is not UTF-8.

use super::{check_good, has_status, refusal, refusal_of};
use crate::support::imports::{self, pair};
use crate::support::{World, guest};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_is_not_utf_8_is_invalid_by_name() {
    let world = World::new(&[]);
    let mut tried = 0;
    for import in imports::ALL {
        for (position, parameter) in import.parameters.chars().enumerate() {
            if parameter != 's'
                && !(parameter == 'o' && matches!(import.name, "upgrade" | "register"))
            {
                continue;
            }
            let mut parameters = import.harmless();
            parameters[position] = pair(32, 2);
            let id = format!("t:{tried}");
            let items = r#"(data (i32.const 32) "\ff\fe") (data (i32.const 16) "x")"#;
            world.define(&id, &guest(items, &refusal_of(&import.call(&parameters))));
            let result = world.result(&id).await;
            let what = import.identifier();
            if has_status(import) {
                let (kind, message) = refusal(&result);
                assert_eq!(kind, "Invalid", "{what}: {message}");
                assert!(message.contains("not UTF-8"), "{what}: {message}");
            } else {
                assert_eq!(result, b"", "{what}");
            }
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
    check_good(&world).await;
    world.close().await;
}
