//! Grants of files and directories: calls of preview 1 in every order that a guest
//! could choose.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use warren_engine::{FileLimits, Grants, HostLimits, PathGrant};

use crate::support::{HOST, Setup, World, bytes, in_time, small_host};

const BADF: u8 = 8;
const DQUOT: u8 = 19;
const INVAL: u8 = 28;
const LOOP: u8 = 32;
const MFILE: u8 = 33;
const NAMETOOLONG: u8 = 37;
const NOENT: u8 = 44;
const NOTDIR: u8 = 54;
const NOTSOCK: u8 = 57;
const NOTSUP: u8 = 58;
const ROFS: u8 = 69;
const SPIPE: u8 = 70;
const NOTCAPABLE: u8 = 76;

/// Bits of `rights`.
const READ: u32 = 1 << 1;
const WRITE: u32 = 1 << 6;
/// Bits of `oflags`.
const CREATE: u32 = 1;
const DIRECTORY: u32 = 1 << 1;
const TRUNCATE: u32 = 1 << 3;

/// All functions of preview 1 with their parameters: `i` has 32 bits, `l` has 64.
const FUNCTIONS: &[(&str, &str)] = &[
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "ili"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "illi"),
    ("fd_allocate", "ill"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "ill"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "il"),
    ("fd_filestat_set_times", "illi"),
    ("fd_pread", "iiili"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiili"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_seek", "ilii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiilli"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiillii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

/// The address of the results: an array of MessagePack with one number a call.
const RESULTS: u32 = 62 << 16;
/// The address of the numbers of opened descriptors.
const OPENED: u32 = 256;
/// The address of a vector that names the 16 bytes at [`BUFFER`].
const VECTOR: u32 = 512;
const COUNT: u32 = 520;
const STAT: u32 = 528;
const BUFFER: u32 = 8_192;

/// A guest that makes calls of preview 1 in turn, and ends with their results.
#[derive(Default)]
struct Script {
    data: String,
    texts: BTreeMap<String, u32>,
    end: u32,
    calls: String,
    count: u32,
}

impl Script {
    fn new() -> Script {
        let mut script = Script {
            end: 1_024,
            ..Script::default()
        };
        // The vector: 16 bytes at BUFFER.
        let vector = [BUFFER.to_le_bytes(), 16_u32.to_le_bytes()].concat();
        script.data += &format!("(data (i32.const {VECTOR}) \"{}\")", escaped(&vector));
        script
    }

    /// Stores a path; returns its address and length.
    fn text(&mut self, text: &str) -> [i64; 2] {
        let end = self.end;
        let at = *self.texts.entry(text.to_owned()).or_insert(end);
        if at == end {
            let bytes = escaped(text.as_bytes());
            self.data += &format!("(data (i32.const {at}) \"{bytes}\")");
            self.end += u32::try_from(text.len()).unwrap();
        }
        [i64::from(at), i64::try_from(text.len()).unwrap()]
    }

    /// Adds a call. A parameter below zero is an opened descriptor: `-1 - slot` for
    /// the `slot` that was given to [`Script::open`].
    fn call(&mut self, name: &str, parameters: &[i64]) -> &mut Script {
        let (_, types) = FUNCTIONS
            .iter()
            .find(|(function, _)| *function == name)
            .unwrap();
        assert_eq!(types.len(), parameters.len(), "{name}");
        let parameters: String = types
            .chars()
            .zip(parameters)
            .map(|(ty, value)| match (ty, *value) {
                ('i', value) if value < 0 => {
                    format!(
                        "(i32.load (i32.const {})) ",
                        i64::from(OPENED) + 4 * (-1 - value)
                    )
                }
                ('i', value) => format!("(i32.const {value}) "),
                (_, value) => format!("(i64.const {value}) "),
            })
            .collect();
        let at = RESULTS + 3 + self.count;
        self.count += 1;
        self.calls += &format!("(i32.store8 (i32.const {at}) (call ${name} {parameters}))\n");
        self
    }

    /// Adds a call that opens a path; later calls name the descriptor `-1 - slot`.
    fn open(&mut self, fd: i64, path: &str, how: u32, rights: u32, slot: u32) -> &mut Script {
        let [at, len] = self.text(path);
        let out = i64::from(OPENED + 4 * slot);
        let (how, rights) = (i64::from(how), i64::from(rights));
        self.call("path_open", &[fd, 1, at, len, how, rights, rights, 0, out])
    }

    fn wat(&self) -> String {
        let imports: String = FUNCTIONS
            .iter()
            .map(|(name, parameters)| {
                let parameters: String = parameters
                    .chars()
                    .map(|c| if c == 'i' { " i32" } else { " i64" })
                    .collect();
                format!(
                    "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param{parameters}) \
                     (result i32)))\n"
                )
            })
            .collect();
        let [high, low] = u16::try_from(self.count).unwrap().to_be_bytes();
        format!(
            "(module {imports}
               (import \"warren:core/program@0.1.0\" \"finish\" (func $finish (param i32 i32)))
               (memory (export \"memory\") 64)
               {}
               (data (i32.const {RESULTS}) \"\\dc\\{high:02x}\\{low:02x}\")
               (func (export \"start\")
                 {}
                 (call $finish (i32.const {RESULTS}) (i32.const {}))))",
            self.data,
            self.calls,
            3 + self.count
        )
    }
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// A directory with files and directories, of which a test grants some.
struct Place {
    _directory: tempfile::TempDir,
    root: PathBuf,
}

impl Place {
    fn new() -> Place {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("data/below")).unwrap();
        fs::create_dir(root.join("work")).unwrap();
        for file in ["single.txt", "other.txt", "data/a.txt", "work/w.txt"] {
            fs::write(root.join(file), file).unwrap();
        }
        Place {
            _directory: directory,
            root,
        }
    }

    fn grants(&self, grants: &[(&str, bool)]) -> Grants {
        let grant = |(path, write): &(&str, bool)| {
            PathGrant::open(*path, self.root.join(path), *write).unwrap()
        };
        Grants {
            paths: grants.iter().map(grant).collect(),
            env: Vec::new(),
        }
    }

    /// All files with their contents and times.
    fn listing(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(directory: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let kind = path.symlink_metadata().unwrap().file_type();
                if kind.is_dir() {
                    found.insert(path.clone(), Vec::new());
                    walk(&path, found);
                } else if kind.is_file() {
                    let modified = path.metadata().unwrap().modified().unwrap();
                    let mut content = fs::read(&path).unwrap();
                    content.extend(format!("{modified:?}").into_bytes());
                    found.insert(path, content);
                } else {
                    found.insert(path, Vec::new());
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(&self.root, &mut found);
        found
    }
}

fn world(limits: FileLimits) -> World {
    World::set_up(Setup {
        hosts: vec![(
            HOST.to_owned(),
            HostLimits {
                files: limits,
                ..small_host()
            },
        )],
        ..Setup::default()
    })
}

/// Runs a script and returns the result of each call.
async fn run(world: &World, script: &Script, grants: Grants) -> Vec<u8> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let id = format!("t:script{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    world.define_with(&id, &script.wat(), grants);
    world.result(&id).await[3..].to_vec()
}

async fn run_alone(script: &Script, grants: Grants) -> Vec<u8> {
    let world = world(FileLimits::default());
    let results = run(&world, script, grants).await;
    world.close().await;
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_grant_holds_wherever_its_descriptor_is_moved() {
    for write in [false, true] {
        let place = Place::new();
        let before = place.listing();
        let mut script = Script::new();
        // Under other numbers the descriptor is used to read, write and list paths
        // beside the file.
        script.call("fd_renumber", &[3, 0]);
        let beside = script.text("other.txt");
        for fd in [0, 1] {
            script.open(fd, "other.txt", 0, READ, 0);
            script.open(fd, "other.txt", TRUNCATE, WRITE, 0);
            script.open(fd, "new.txt", CREATE, WRITE, 0);
            script.open(fd, ".", DIRECTORY, READ, 0);
            script.open(fd, "..", DIRECTORY, READ, 0);
            script.open(fd, "single.txt/../other.txt", 0, READ, 0);
            script.call("path_unlink_file", &[fd, beside[0], beside[1]]);
            script.call(
                "path_filestat_get",
                &[fd, 0, beside[0], beside[1], STAT.into()],
            );
            script.call("fd_readdir", &[fd, BUFFER.into(), 64, 0, COUNT.into()]);
            script.open(fd, "single.txt", 0, READ, 0);
            script.call("fd_renumber", &[0, 1]);
        }
        let results = run_alone(&script, place.grants(&[("single.txt", write)])).await;
        let mut each = vec![NOENT; 8];
        each.push(NOTCAPABLE);
        each.push(0);
        // The last moved descriptor is the file, which was opened under the free
        // number.
        let expected = [&[0][..], &each, &[0], &each, &[0]].concat();
        assert_eq!(results, expected);
        assert_eq!(place.listing(), before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opened_file_is_a_file_under_every_number() {
    let place = Place::new();
    let mut script = Script::new();
    script.open(3, "single.txt", 0, READ, 0);
    script.call("fd_renumber", &[-1, 3]);
    script.open(3, "other.txt", 0, READ, 1);
    script.call("fd_readdir", &[3, BUFFER.into(), 64, 0, COUNT.into()]);
    script.call("fd_prestat_get", &[3, STAT.into()]);
    script.call("fd_read", &[3, VECTOR.into(), 1, COUNT.into()]);
    script.call("fd_write", &[3, VECTOR.into(), 1, COUNT.into()]);
    script.call("fd_pwrite", &[3, VECTOR.into(), 1, 0, COUNT.into()]);
    script.call("fd_filestat_set_size", &[3, 0]);
    script.call("fd_filestat_set_times", &[3, 0, 0, 5]);
    script.call("fd_fdstat_set_rights", &[3, -1, -1]);
    script.call("fd_write", &[3, VECTOR.into(), 1, COUNT.into()]);
    script.call("fd_allocate", &[3, 0, 100]);
    script.call("fd_renumber", &[3, 1]);
    script.call("fd_write", &[1, VECTOR.into(), 1, COUNT.into()]);
    script.call("fd_renumber", &[1, 9_999]);
    script.call("fd_renumber", &[9_999, 1]);
    script.call("fd_close", &[1]);
    script.call("fd_close", &[1]);
    let before = place.listing();
    let results = run_alone(&script, place.grants(&[("single.txt", false)])).await;
    assert_eq!(
        results,
        [
            0, 0, NOTDIR, NOTDIR, BADF, 0, BADF, BADF, ROFS, ROFS, NOTSUP, BADF, NOTSUP, 0, BADF,
            BADF, BADF, 0, BADF
        ]
    );
    assert_eq!(place.listing(), before);
}

/// Adds every call that changes something, each on an existing path.
fn changes(script: &mut Script, fd: i64) {
    let [file, new, below] = ["a.txt", "new", "below"].map(|name| script.text(name));
    for how in [CREATE, TRUNCATE, CREATE | TRUNCATE] {
        script.open(fd, "a.txt", how, READ, 8);
    }
    script.open(fd, "a.txt", 0, WRITE, 8);
    script.open(fd, "a.txt", 0, READ | WRITE, 8);
    script.call(
        "path_open",
        &[fd, 0, file[0], file[1], 0, WRITE.into(), 0, 1, 300],
    );
    script.open(fd, "new", CREATE, READ, 8);
    script.call("path_create_directory", &[fd, new[0], new[1]]);
    script.call("path_remove_directory", &[fd, below[0], below[1]]);
    script.call("path_unlink_file", &[fd, file[0], file[1]]);
    script.call(
        "path_filestat_set_times",
        &[fd, 1, file[0], file[1], 0, 0, 5],
    );
    script.call("path_rename", &[fd, file[0], file[1], fd, new[0], new[1]]);
    script.call("path_link", &[fd, 0, file[0], file[1], fd, new[0], new[1]]);
    script.call("path_symlink", &[file[0], file[1], fd, new[0], new[1]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_granted_for_reading_cannot_be_changed() {
    let place = Place::new();
    let before = place.listing();
    let mut script = Script::new();
    // Through the directory that is open at the start, through an opened one, and
    // through the opened one under the number of the first.
    changes(&mut script, 3);
    script.open(3, ".", DIRECTORY, READ, 0);
    changes(&mut script, -1);
    script.call("fd_renumber", &[-1, 3]);
    changes(&mut script, 3);
    script.call("fd_filestat_set_times", &[3, 0, 0, 5]);
    let results = run_alone(&script, place.grants(&[("data", false)])).await;
    let expected = [
        vec![ROFS; 14],
        vec![0],
        vec![ROFS; 14],
        vec![0],
        vec![ROFS; 15],
    ]
    .concat();
    assert_eq!(results, expected);
    assert_eq!(place.listing(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_file_gets_no_name_in_a_writable_directory() {
    let place = Place::new();
    let before = place.listing();
    let mut script = Script::new();
    // 3 is `data`, 4 is `work`.
    let [a, w] = ["a.txt", "w.txt"].map(|name| script.text(name));
    script.call("path_link", &[3, 0, a[0], a[1], 4, w[0], w[1] - 1]);
    script.call("path_link", &[3, 1, a[0], a[1], 4, w[0], w[1] - 1]);
    script.call("path_rename", &[3, a[0], a[1], 4, w[0], w[1]]);
    script.call("path_rename", &[4, w[0], w[1], 3, a[0], a[1]]);
    script.open(4, "../data/a.txt", 0, WRITE, 0);
    let results = run_alone(&script, place.grants(&[("data", false), ("work", true)])).await;
    assert_eq!(results, [ROFS, INVAL, ROFS, ROFS, ROFS]);
    assert_eq!(place.listing(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_path_leads_out_of_a_granted_directory() {
    let place = Place::new();
    symlink("../other.txt", place.root.join("work/up")).unwrap();
    symlink(
        place.root.join("other.txt"),
        place.root.join("work/absolute"),
    )
    .unwrap();
    symlink("/proc/self/root", place.root.join("work/magic")).unwrap();
    symlink("/proc/self/fd", place.root.join("work/fds")).unwrap();
    symlink("..", place.root.join("work/parent")).unwrap();
    let before = place.listing();
    let mut script = Script::new();
    script.open(3, ".", DIRECTORY, READ, 0);
    let absolute = place.root.join("other.txt");
    let paths = [
        "..",
        "../other.txt",
        "up",
        "absolute",
        "magic",
        "magic/etc/passwd",
        "fds/3",
        "parent/other.txt",
        "below/../../other.txt",
        absolute.to_str().unwrap(),
        "/",
        "",
    ];
    for fd in [3, -1] {
        for path in paths {
            script.open(fd, path, 0, READ, 8);
            script.open(fd, path, TRUNCATE, WRITE, 8);
            let [at, len] = script.text(path);
            script.call("path_filestat_set_times", &[fd, 1, at, len, 0, 0, 5]);
        }
    }
    // A link that the guest makes itself.
    let up = script.text("../other.txt");
    let made = script.text("made");
    script.call("path_symlink", &[up[0], up[1], 3, made[0], made[1]]);
    script.open(3, "made", 0, READ, 8);
    script.open(3, "made", TRUNCATE, WRITE, 8);
    let passwd = script.text("/etc/passwd");
    let other = script.text("other");
    script.call(
        "path_symlink",
        &[passwd[0], passwd[1], 3, other[0], other[1]],
    );
    script.call("path_link", &[3, 0, up[0], up[1], 3, other[0], other[1]]);
    script.call("path_rename", &[3, up[0], up[1], 3, other[0], other[1]]);
    let results = run_alone(&script, place.grants(&[("work", true)])).await;
    assert_eq!(results[0], 0);
    let (tried, own) = results[1..].split_at(6 * paths.len());
    // Among the grants, the empty path is the directory itself.
    let of_itself = 3 * (paths.len() - 1);
    for (index, result) in tried.iter().enumerate() {
        assert!(
            *result != 0 || (of_itself..of_itself + 3).contains(&index),
            "{index}: {tried:?}"
        );
    }
    assert_eq!(own[0], 0);
    assert!(own[1..].iter().all(|result| *result != 0), "{own:?}");
    fs::remove_file(place.root.join("work/made")).unwrap();
    let strip = |listing: BTreeMap<PathBuf, Vec<u8>>| listing.into_keys().collect::<Vec<_>>();
    assert_eq!(strip(place.listing()), strip(before));
    assert_eq!(
        fs::read(place.root.join("other.txt")).unwrap(),
        b"other.txt"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_granted_name_stays_a_file() {
    let place = Place::new();
    let mut script = Script::new();
    let [single, link, other] = ["single.txt", "w.txt", "../other.txt"].map(|t| script.text(t));
    let (work, root) = (3, 4);
    // Only a file can be put in the place of a granted file, and a link is not
    // followed.
    script.call("path_unlink_file", &[root, single[0], single[1]]);
    script.call(
        "path_symlink",
        &[other[0], other[1], root, single[0], single[1]],
    );
    script.call("path_create_directory", &[root, single[0], single[1]]);
    script.call(
        "path_link",
        &[work, 0, link[0], link[1], root, single[0], single[1]],
    );
    let made = script.text("made");
    script.call(
        "path_symlink",
        &[other[0], other[1], work, made[0], made[1]],
    );
    script.call(
        "path_rename",
        &[work, made[0], made[1], root, single[0], single[1]],
    );
    script.call(
        "path_rename",
        &[work, link[0], link[1], root, single[0], single[1]],
    );
    script.open(root, "single.txt", 0, READ | WRITE, 0);
    let grants = place.grants(&[("single.txt", true), ("work", true)]);
    let results = run_alone(&script, grants).await;
    assert_eq!(
        results,
        [0, NOTCAPABLE, NOTCAPABLE, NOTCAPABLE, 0, NOTCAPABLE, 0, 0]
    );
    // Another program may put a link there.
    fs::remove_file(place.root.join("single.txt")).unwrap();
    symlink("other.txt", place.root.join("single.txt")).unwrap();
    let grants = place.grants(&[("work", true)]);
    let file = PathGrant::open("s", place.root.join("work/w2.txt"), true).unwrap();
    symlink("../other.txt", place.root.join("work/w2.txt")).unwrap();
    let mut script = Script::new();
    script.open(4, "s", TRUNCATE, WRITE, 0);
    let paths = grants.paths.into_iter().chain([file]).collect();
    let results = run_alone(
        &script,
        Grants {
            paths,
            env: Vec::new(),
        },
    )
    .await;
    assert_eq!(results, [LOOP]);
    assert_eq!(
        fs::read(place.root.join("other.txt")).unwrap(),
        b"other.txt"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_stays_with_the_directory_that_was_opened() {
    let place = Place::new();
    fs::create_dir(place.root.join("work/inner")).unwrap();
    fs::create_dir(place.root.join("secret")).unwrap();
    fs::write(place.root.join("secret/a.txt"), "secret").unwrap();
    let world = world(FileLimits::default());
    let inner = place.grants(&[("work/inner", false)]);
    let mut script = Script::new();
    // Replaces a directory of another grant by a link to a directory that is not
    // granted.
    let [inner_name, secret] = ["inner", "../secret"].map(|text| script.text(text));
    script.call("path_remove_directory", &[3, inner_name[0], inner_name[1]]);
    script.call(
        "path_symlink",
        &[secret[0], secret[1], 3, inner_name[0], inner_name[1]],
    );
    assert_eq!(
        run(&world, &script, place.grants(&[("work", true)])).await,
        [0, 0]
    );
    let mut script = Script::new();
    script.open(3, "a.txt", 0, READ, 0);
    assert_eq!(run(&world, &script, inner).await, [NOENT]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_grants_each_keep_their_rights() {
    let place = Place::new();
    fs::write(place.root.join("data/below/b.txt"), "b").unwrap();
    let mut script = Script::new();
    // 3 is `data`, read; 4 is `data/below`, written.
    script.open(3, "a.txt", 0, WRITE, 0);
    script.open(3, "below/b.txt", 0, WRITE, 0);
    script.open(4, "b.txt", 0, WRITE, 0);
    script.open(4, "../a.txt", 0, READ, 0);
    script.open(4, "../a.txt", 0, WRITE, 0);
    script.open(3, "below", DIRECTORY, READ, 1);
    // The directory was opened before; its right remains after the close of the
    // grant.
    script.call("fd_close", &[3]);
    let same = script.text("b.txt");
    script.call("path_unlink_file", &[-2, same[0], same[1]]);
    let grants = place.grants(&[("data", false), ("data/below", true), ("data", false)]);
    let results = run_alone(&script, grants).await;
    assert_eq!(results, [ROFS, 0, 0, 0, ROFS, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reused_descriptor_number_has_the_rights_of_the_new_file() {
    let place = Place::new();
    let mut script = Script::new();
    script.call("fd_close", &[3]);
    script.open(3, "a.txt", 0, READ, 0);
    let file = script.text("a.txt");
    script.call("path_filestat_get", &[3, 0, file[0], file[1], STAT.into()]);
    script.call("fd_close", &[3]);
    // 4 is `.`, in which all paths are looked up; 3 becomes the file.
    script.open(4, "data/a.txt", 0, READ, 0);
    script.open(3, "a.txt", 0, READ, 1);
    script.call("fd_tell", &[3, STAT.into()]);
    script.call("fd_close", &[4]);
    script.open(4, "data/a.txt", 0, READ, 1);
    let results = run_alone(&script, place.grants(&[("data", false)])).await;
    assert_eq!(results, [0, BADF, BADF, BADF, 0, NOTDIR, 0, 0, BADF]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_can_be_read_in_pieces_and_under_another_number() {
    let place = Place::new();
    let mut script = Script::new();
    script.open(3, ".", DIRECTORY, READ, 0);
    script.call("fd_renumber", &[-1, 3]);
    script.call("fd_readdir", &[3, BUFFER.into(), 4_096, 0, COUNT.into()]);
    // The first two entries are `.` and `..`; an entry that was cut off comes
    // again.
    script.call("fd_readdir", &[3, BUFFER.into(), 30, 2, COUNT.into()]);
    script.call("fd_readdir", &[3, BUFFER.into(), 30, 2, COUNT.into()]);
    script.call("fd_readdir", &[3, BUFFER.into(), 4_096, 100, COUNT.into()]);
    script.call("fd_readdir", &[3, BUFFER.into(), 1 << 21, 0, COUNT.into()]);
    script.call("fd_readdir", &[1, BUFFER.into(), 64, 0, COUNT.into()]);
    let results = run_alone(&script, place.grants(&[("data", false)])).await;
    assert_eq!(results, [0, 0, 0, 0, 0, 0, INVAL, NOTDIR]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifos_and_sockets_are_not_opened_and_do_not_block() {
    let place = Place::new();
    let fifo = place.root.join("work/fifo");
    let made = std::process::Command::new("mkfifo")
        .arg(&fifo)
        .status()
        .unwrap();
    assert!(made.success());
    let _socket = UnixListener::bind(place.root.join("work/socket")).unwrap();
    symlink("fifo", place.root.join("work/link")).unwrap();
    let mut script = Script::new();
    for path in ["fifo", "socket", "link"] {
        for rights in [READ, WRITE, READ | WRITE] {
            script.open(3, path, 0, rights, 0);
            script.open(3, path, CREATE, rights, 0);
        }
        // Metadata can be read.
        let [at, len] = script.text(path);
        script.call("path_filestat_get", &[3, 1, at, len, STAT.into()]);
    }
    script.open(3, ".", DIRECTORY, READ, 0);
    script.call("fd_readdir", &[-1, BUFFER.into(), 4_096, 0, COUNT.into()]);
    let results = run_alone(&script, place.grants(&[("work", true)])).await;
    let each = [NOTSUP, NOTSUP, NOTSUP, NOTSUP, NOTSUP, NOTSUP, 0];
    assert_eq!(results, [&each[..], &each, &each, &[0, 0]].concat());
    assert!(PathGrant::open("fifo", fifo, false).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lengths_of_operands_are_bounded() {
    let place = Place::new();
    fs::write(place.root.join("data/large"), vec![7; 3 << 20]).unwrap();
    let mut script = Script::new();
    let large = [BUFFER.to_le_bytes(), (2_u32 << 20).to_le_bytes()].concat();
    script.data += &format!("(data (i32.const 600) \"{}\")", escaped(&large));
    script.call("random_get", &[BUFFER.into(), 3 << 20]);
    script.call("random_get", &[BUFFER.into(), 1 << 16]);
    script.call(
        "poll_oneoff",
        &[BUFFER.into(), BUFFER.into(), 0, COUNT.into()],
    );
    script.call(
        "poll_oneoff",
        &[BUFFER.into(), BUFFER.into(), 1_025, COUNT.into()],
    );
    script.call("path_create_directory", &[3, BUFFER.into(), 1 << 20]);
    script.open(3, "large", 0, READ, 0);
    // A vector of 2 MiB.
    script.call("fd_read", &[-1, 600, 1, COUNT.into()]);
    script.call("fd_tell", &[-1, STAT.into()]);
    script.call("fd_pread", &[-1, 600, 1, 0, COUNT.into()]);
    script.call("fd_seek", &[-1, -1, 0, STAT.into()]);
    script.call("fd_seek", &[-1, i64::MAX, 2, STAT.into()]);
    script.call("fd_pread", &[0, VECTOR.into(), 1, 0, COUNT.into()]);
    script.call("fd_pwrite", &[1, VECTOR.into(), 1, 0, COUNT.into()]);
    let results = run_alone(&script, place.grants(&[("data", false)])).await;
    assert_eq!(
        results,
        [
            0,
            0,
            INVAL,
            INVAL,
            NAMETOOLONG,
            0,
            0,
            0,
            0,
            INVAL,
            0,
            SPIPE,
            SPIPE
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_on_a_closed_descriptor_return_badf() {
    let mut script = Script::new();
    let mut names = Vec::new();
    for (name, parameters) in FUNCTIONS {
        if !name.starts_with("fd_") && !name.starts_with("sock_") && !name.starts_with("path_") {
            continue;
        }
        let mut given: Vec<i64> = parameters.chars().map(|_| 0).collect();
        // Every range is empty, and no given descriptor is open.
        let fd = if *name == "path_symlink" { 2 } else { 0 };
        given[fd] = 77;
        if matches!(*name, "path_link" | "path_rename") {
            given[parameters.len() - 3] = 77;
        }
        script.call(name, &given);
        names.push(*name);
    }
    let results = run_alone(&script, Grants::default()).await;
    for (name, result) in names.iter().zip(results) {
        assert_eq!(result, BADF, "{name}");
    }
    // The standard streams are no files and no sockets.
    let mut script = Script::new();
    for fd in 0..3 {
        script.call("sock_shutdown", &[fd, 0]);
        script.call("fd_filestat_set_size", &[fd, 0]);
        script.call("fd_sync", &[fd]);
        script.open(fd, "x", 0, READ, 0);
    }
    let results = run_alone(&script, Grants::default()).await;
    assert_eq!(results, [NOTSOCK, BADF, BADF, BADF].repeat(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_grants_no_path_exists() {
    let mut script = Script::new();
    for path in ["x", ".", "..", "/", "/etc/passwd", "../x"] {
        script.open(3, path, 0, READ, 0);
        script.open(3, path, CREATE, WRITE, 0);
    }
    script.call("fd_readdir", &[3, BUFFER.into(), 64, 0, COUNT.into()]);
    script.call("fd_filestat_set_times", &[3, 0, 0, 5]);
    let results = run_alone(&script, Grants::default()).await;
    assert_eq!(results, [vec![NOENT; 12], vec![NOTCAPABLE; 2]].concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_files_have_a_limit() {
    let place = Place::new();
    let world = world(FileLimits {
        of_process: Some(3),
        of_host: Some(4),
        max_disk: None,
    });
    let mut script = Script::new();
    for slot in 0..4 {
        script.open(3, "a.txt", 0, READ, slot);
    }
    script.call("fd_close", &[-1]);
    script.open(3, ".", DIRECTORY, READ, 0);
    script.open(3, "a.txt", 0, READ, 5);
    // A failed call does not use up a descriptor.
    script.call("fd_close", &[-1]);
    script.open(3, "none", 0, READ, 5);
    script.open(3, "a.txt", 0, READ, 0);
    let expected = [0, 0, 0, MFILE, 0, 0, MFILE, 0, NOENT, 0];
    for _ in 0..3 {
        // The files of the process before are given back soon after its end.
        loop {
            let results = run(&world, &script, place.grants(&[("data", false)])).await;
            if results == expected {
                break;
            }
            assert!(results.contains(&MFILE), "{results:?}");
        }
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_on_disk_have_a_limit() {
    let place = Place::new();
    let world = world(FileLimits {
        max_disk: Some(20_000),
        ..FileLimits::default()
    });
    let mut script = Script::new();
    let [a, w, made] = ["a", "w.txt", "made"].map(|name| script.text(name));
    // 4,096 bytes for the file, and its length.
    script.open(3, "a", CREATE, READ | WRITE, 0);
    script.call("fd_filestat_set_size", &[-1, 15_000]);
    script.call("fd_filestat_set_size", &[-1, 16_000]);
    script.call("fd_pwrite", &[-1, VECTOR.into(), 1, 100_000, COUNT.into()]);
    script.call("fd_pwrite", &[-1, VECTOR.into(), 1, 0, COUNT.into()]);
    script.call("path_create_directory", &[3, made[0], made[1]]);
    script.call("path_symlink", &[a[0], a[1], 3, made[0], made[1]]);
    script.open(3, "b", CREATE, WRITE, 1);
    // Overwriting existing bytes is free.
    script.open(3, "w.txt", 0, WRITE, 1);
    script.call("fd_write", &[-2, VECTOR.into(), 1, COUNT.into()]);
    script.call("path_unlink_file", &[3, a[0], a[1]]);
    // The removed file is still open, and counts.
    script.call("path_create_directory", &[3, made[0], made[1]]);
    script.call("fd_close", &[-1]);
    script.call("path_create_directory", &[3, made[0], made[1]]);
    script.call("path_remove_directory", &[3, made[0], made[1]]);
    script.call("path_unlink_file", &[3, w[0], w[1]]);
    let results = run(&world, &script, place.grants(&[("work", true)])).await;
    assert_eq!(
        results,
        [
            0, 0, DQUOT, DQUOT, 0, DQUOT, DQUOT, DQUOT, 0, 0, 0, DQUOT, 0, 0, 0, 0
        ]
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminated_process_gives_back_its_open_files() {
    let place = Place::new();
    let world = world(FileLimits {
        of_process: Some(2),
        of_host: Some(2),
        max_disk: None,
    });
    let mut script = Script::new();
    script.open(3, "a.txt", 0, READ, 0);
    script.open(3, "a.txt", 0, READ, 1);
    let endless = script
        .wat()
        .replace("(call $finish", "(loop $again (br $again)) (call $finish");
    world.define_with("t:holder", &endless, place.grants(&[("data", false)]));
    let holder = world.start("t:holder").await;
    let mut another = Script::new();
    another.open(3, "a.txt", 0, READ, 0);
    let reader = Arc::new(place.grants(&[("data", false)]));
    loop {
        // Until the holder has opened both.
        if run(&world, &another, (*reader).clone()).await == [MFILE] {
            break;
        }
    }
    world.terminate(&holder);
    loop {
        if run(&world, &another, (*reader).clone()).await == [0] {
            break;
        }
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poll_oneoff_returns_after_its_time() {
    let mut script = Script::new();
    // A relative time of 1 ms on the monotonic clock.
    let mut subscription = [0_u8; 48];
    subscription[16] = 1;
    subscription[24..32].copy_from_slice(&1_000_000_u64.to_le_bytes());
    script.data += &format!("(data (i32.const {BUFFER}) \"{}\")", escaped(&subscription));
    script.call("poll_oneoff", &[BUFFER.into(), 16_384, 1, COUNT.into()]);
    script.call("sched_yield", &[]);
    script.call("proc_raise", &[9]);
    let world = world(FileLimits::default());
    world.define("t:waits", &script.wat());
    let mut running = world.start("t:waits").await;
    let results = bytes(&in_time(running.wait()).await);
    assert_eq!(results[3..], [0, 0, NOTSUP]);
    world.close().await;
}

/// A component that opens paths below its first directory. Each entry is a path,
/// open flags, descriptor flags, and the expected error code, or `None` for
/// success.
fn component_that_opens(paths: &[(&str, u32, u32, Option<u32>)]) -> String {
    let mut data = String::new();
    let mut calls = String::new();
    for (index, (path, how, flags, expected)) in paths.iter().enumerate() {
        let at = 1_024 + 64 * index;
        data += &format!("(data (i32.const {at}) \"{path}\")");
        calls += &format!(
            "(call $open (local.get $dir) (i32.const 1) (i32.const {at}) (i32.const {}) \
             (i32.const {how}) (i32.const {flags}) (i32.const 64))",
            path.len()
        );
        calls += &match expected {
            None => "(if (i32.load8_u (i32.const 64)) (then unreachable))".to_owned(),
            Some(code) => format!(
                "(if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 1)) (then unreachable))
                 (if (i32.ne (i32.load8_u (i32.const 68)) (i32.const {code})) (then unreachable))"
            ),
        };
    }
    format!(
        r#"(component
  (import "wasi:filesystem/types@0.2.3" (instance $types
    (export "descriptor" (type $descriptor (sub resource)))
    (type $pf (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $pf)))
    (type $of (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $of)))
    (type $df (flags "read" "write" "file-integrity-sync" "data-integrity-sync"
      "requested-write-sync" "mutate-directory"))
    (export "descriptor-flags" (type $descriptor-flags (eq $df)))
    (type $ec (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota"
      "exist" "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io"
      "is-directory" "loop" "too-many-links" "message-size" "name-too-long" "no-device" "no-entry"
      "no-lock" "insufficient-memory" "insufficient-space" "not-directory" "not-empty"
      "not-recoverable" "unsupported" "no-tty" "no-such-device" "overflow" "not-permitted" "pipe"
      "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $error-code (eq $ec)))
    (export "[method]descriptor.open-at" (func
      (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (param "open-flags" $open-flags) (param "flags" $descriptor-flags)
      (result (result (own $descriptor) (error $error-code)))))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.3" (instance $preopens
    (alias outer 1 $descriptor (type $outer))
    (export "descriptor" (type $descriptor (eq $outer)))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
  (core module $memory
    (global $next (mut i32) (i32.const 16384))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.and (i32.const -8)
        (i32.add (i32.const 7) (i32.add (global.get $next) (local.get 3)))))))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $m))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $directories (canon lower (func $preopens "get-directories") (memory $m) (realloc $realloc)))
  (core func $open (canon lower (func $types "[method]descriptor.open-at") (memory $m) (realloc $realloc)))
  (core module $main
    (import "m" "memory" (memory 1))
    (import "m" "directories" (func $directories (param i32)))
    (import "m" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    {data}
    (func (export "start") (local $dir i32)
      (call $directories (i32.const 64))
      (local.set $dir (i32.load (i32.load (i32.const 64))))
      {calls}))
  (core instance $main (instantiate $main (with "m" (instance
    (export "memory" (memory $m)) (export "directories" (func $directories))
    (export "open" (func $open))))))
  (func (export "start") (canon lift (core func $main "start"))))"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_opens_files_by_the_same_rules() {
    const INSUFFICIENT_MEMORY: Option<u32> = Some(22);
    const UNSUPPORTED: Option<u32> = Some(27);
    const READ_ONLY: Option<u32> = Some(33);
    const NO_ENTRY: Option<u32> = Some(20);
    const READS: u32 = 1;
    const WRITES: u32 = 2;
    let place = Place::new();
    let fifo = place.root.join("work/fifo");
    let made = std::process::Command::new("mkfifo")
        .arg(&fifo)
        .status()
        .unwrap();
    assert!(made.success());
    let before = place.listing();
    let world = world(FileLimits {
        // Each open file counts twice.
        of_process: Some(4),
        ..FileLimits::default()
    });
    let reads = component_that_opens(&[
        ("a.txt", 0, READS, None),
        ("a.txt", 0, WRITES, READ_ONLY),
        ("new", 1, READS, READ_ONLY),
        ("a.txt", 8, READS, READ_ONLY),
        ("none", 0, READS, NO_ENTRY),
        ("below", 2, READS, None),
        ("a.txt", 0, READS, INSUFFICIENT_MEMORY),
    ]);
    world.define_with("t:reads", &reads, place.grants(&[("data", false)]));
    assert_eq!(world.result("t:reads").await, b"");
    let waits = component_that_opens(&[
        ("fifo", 0, READS, UNSUPPORTED),
        ("fifo", 0, WRITES, UNSUPPORTED),
        ("w.txt", 0, READS | WRITES, None),
    ]);
    world.define_with("t:waits", &waits, place.grants(&[("work", true)]));
    assert_eq!(world.result("t:waits").await, b"");
    assert_eq!(place.listing(), before);
    world.close().await;
}
