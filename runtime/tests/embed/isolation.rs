//! Several runtimes in one program.

use std::time::Duration;

use warren::{Kind, Spawn};

use crate::setup::{builder, run};

const ECHO: &str = "process.listen('stop'):receive()";

#[test]
fn two_runtimes_do_not_see_each_other() {
    run(async {
        let here = builder().lua("app:here", ECHO).start().unwrap();
        let there = builder().lua("app:there", ECHO).start().unwrap();
        let one = here
            .spawn(Spawn::new("app:here").name("same"))
            .await
            .unwrap();
        let other = there
            .spawn(Spawn::new("app:there").name("same"))
            .await
            .unwrap();
        // The two runtimes use this text for different processes.
        assert_eq!(one.pid(), other.pid());
        assert_eq!((here.live(), there.live()), (1, 1));
        let unknown = here.spawn("app:there").await.unwrap_err();
        assert_eq!(unknown.kind(), &Kind::NotFound);

        here.send("same", "stop", ()).unwrap();
        one.wait().await.result::<()>().unwrap();
        assert!(!other.has_ended());
        assert_eq!(here.find("same").unwrap_err().kind, Kind::NotFound);

        // The end of one runtime is not the end of the other.
        here.shutdown(Duration::ZERO).await;
        drop(here);
        there.send("same", "stop", ()).unwrap();
        other.wait().await.result::<()>().unwrap();
    });
}
