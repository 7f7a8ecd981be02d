//! Volumes that an embedder adds.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use warren::capability::VolumeSettings;
use warren::{Code, Definition, Grants, Source, Spawn, Uses};

use crate::setup::{builder, in_time, run};

/// Opens a file of the volume that its argument names, writes, and waits.
const WRITER: &str = "return function(id)
    local f = assert(assert(fs.get(id)):open('log.txt', 'a'))
    assert(f:write('begun\\n'))
    process.send('reader', 'ready')
    process.listen('never'):receive()
end";

const READER: &str = "return function()
    process.registry.register('reader')
    process.listen('ready'):receive()
    return assert(assert(fs.get('app:files')):readfile('log.txt'))
end";

fn definition(id: &str, code: &str, uses: Uses) -> Definition {
    Definition {
        id: id.into(),
        code: Code::Lua(Source {
            name: format!("{}.lua", id.replace(':', ".")).into(),
            bytes: code.as_bytes().into(),
        }),
        method: "main".into(),
        host: None,
        grants: Arc::new(Grants {
            uses,
            ..Grants::default()
        }),
    }
}

/// Returns the open files of this program below a directory.
fn open_files(directory: &Path) -> usize {
    let handles = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let targets = handles.filter_map(|handle| fs::read_link(handle.path()).ok());
    targets
        .filter(|file| file.parent() == Some(directory))
        .count()
}

#[test]
fn a_process_that_ends_closes_its_files() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path().canonicalize().unwrap();
        let both = Uses::default().with("volumes", "app:files");
        let runtime = builder()
            .volume(VolumeSettings::open("app:files", &directory, true).unwrap())
            .definition(definition("app:writer", WRITER, both.clone()))
            .definition(definition("app:reader", READER, both))
            .start()
            .unwrap();
        let reader = runtime.spawn("app:reader").await.unwrap();
        in_time(async {
            while runtime.find("reader").is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let writer = Spawn::new("app:writer").arg("app:files");
        let writer = runtime.spawn(writer).await.unwrap();
        let read: String = in_time(reader.result()).await.unwrap();
        assert_eq!(read, "begun\n");
        assert_eq!(open_files(&directory), 1);
        writer.terminate().unwrap();
        in_time(async {
            while open_files(&directory) > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        runtime.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn a_volume_is_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file, directory.path().join("none")] {
        assert!(VolumeSettings::open("app:files", path, true).is_err());
    }
}
