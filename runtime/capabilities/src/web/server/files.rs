//! Files of a directory or a volume, served as they are.
//!
//! The directory is opened once. Paths stay below it, whatever symbolic links there are.

use std::future::Future;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, OpenOptions, OpenOptionsExt as _};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use http_body::{Body, Frame, SizeHint};
use rustix::fs::OFlags;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use warren_engine::capability::web::{FilesPlace, FilesSettings};
use warren_kernel::Error;

use super::answer::plain;
use super::body::Served;
use super::conditions::{self, Range, Unchanged};
use super::error::ListenError;
use super::media;
use crate::fs::Volumes;

/// A directory or a volume that is served.
pub(super) struct Files {
    settings: FilesSettings,
    prefix: Vec<String>,
    dir: Arc<Dir>,
}

/// Bytes of one part of a file. A file that is no longer is read at once.
const PART: usize = 64 << 10;

/// A file that was found, or what takes its place.
enum Looked {
    File(Opened),
    /// A directory without a slash at the end of its path.
    Directory,
    Nothing,
}

/// An open file.
struct Opened {
    file: File,
    len: u64,
    modified: Option<SystemTime>,
    name: String,
    /// All bytes of a short file.
    bytes: Option<Vec<u8>>,
}

impl Files {
    /// Opens the files, whose paths begin with the segments of a prefix.
    ///
    /// # Errors
    ///
    /// [`ListenError::Directory`] and [`ListenError::Volume`].
    pub(super) fn open(
        settings: &FilesSettings,
        prefix: Vec<String>,
        volumes: &Volumes,
    ) -> Result<Files, ListenError> {
        let dir = match &settings.place {
            FilesPlace::Directory(path) => {
                let opened = Dir::open_ambient_dir(path, ambient_authority());
                Arc::new(opened.map_err(|error| ListenError::Directory {
                    path: path.clone(),
                    error,
                })?)
            }
            FilesPlace::Volume(id) => {
                let missing = || ListenError::Volume {
                    files: Arc::clone(&settings.id),
                    volume: Arc::clone(id),
                };
                volumes.directory(id).ok_or_else(missing)?
            }
        };
        Ok(Files {
            settings: settings.clone(),
            prefix,
            dir,
        })
    }

    /// Returns the segments with which the paths of the files begin.
    pub(super) fn prefix(&self) -> &[String] {
        &self.prefix
    }

    /// Answers a request for the file of a path, whose segments below the prefix these are.
    pub(super) async fn answer(
        &self,
        (method, uri, headers): (&Method, &Uri, &HeaderMap),
        segments: &[String],
        disk: &Arc<Semaphore>,
    ) -> Response<Served> {
        if *method != Method::GET && *method != Method::HEAD {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(header::ALLOW, allowed);
            return response;
        }
        let Ok(_permit) = disk.acquire().await else {
            return plain(StatusCode::SERVICE_UNAVAILABLE);
        };
        let looked = match relative(segments) {
            Some(path) => self.look(path).await,
            None => Ok(Looked::Nothing),
        };
        let looked = match looked {
            Ok(Looked::Nothing) if self.settings.spa => self.look(String::new()).await,
            looked => looked,
        };
        match looked {
            Ok(Looked::File(opened)) => self.serve(opened, headers),
            Ok(Looked::Directory) => to_directory(uri),
            Ok(Looked::Nothing) => plain(StatusCode::NOT_FOUND),
            Err(error) => {
                let files = &self.settings.id;
                tracing::warn!(target: super::record::TARGET, "cannot serve a file of {files}: {error}");
                plain(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// Opens a file, by its path below the directory: for a path that is empty or ends with a
    /// slash the index.
    async fn look(&self, mut path: String) -> io::Result<Looked> {
        if path.is_empty() || path.ends_with('/') {
            path.push_str(&self.settings.index);
        }
        let dir = Arc::clone(&self.dir);
        let looked = tokio::task::spawn_blocking(move || look(&dir, &path));
        looked
            .await
            .unwrap_or_else(|_| Err(io::Error::other("it panicked")))
    }

    fn serve(&self, opened: Opened, headers: &HeaderMap) -> Response<Served> {
        let tag = tag_of(&opened);
        let mut response = Response::new(Served::empty());
        let out = response.headers_mut();
        out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        out.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(media::of(&opened.name)),
        );
        out.insert(
            "x-content-type-options",
            HeaderValue::from_static("nosniff"),
        );
        if let Ok(value) = HeaderValue::from_str(&tag) {
            out.insert(header::ETAG, value);
        }
        let modified = opened.modified.map(httpdate::fmt_http_date);
        if let Some(modified) = modified.as_deref()
            && let Ok(value) = HeaderValue::from_str(modified)
        {
            out.insert(header::LAST_MODIFIED, value);
        }
        let cache = self.settings.cache.as_deref();
        if let Some(Ok(value)) = cache.map(HeaderValue::from_str) {
            out.insert(header::CACHE_CONTROL, value);
        }
        match conditions::unchanged(headers, &tag, opened.modified) {
            Unchanged::Yes => {
                out.remove(header::CONTENT_TYPE);
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                return response;
            }
            Unchanged::Failed => return plain(StatusCode::PRECONDITION_FAILED),
            Unchanged::No => {}
        }
        let len = opened.len;
        match conditions::range(headers, &tag, opened.modified, len) {
            Range::Whole => *response.body_mut() = opened.body(0, len),
            Range::Part(first, last) => {
                let content = format!("bytes {first}-{last}/{len}");
                if let Ok(value) = HeaderValue::from_str(&content) {
                    out.insert(header::CONTENT_RANGE, value);
                }
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                *response.body_mut() = opened.body(first, last - first + 1);
            }
            Range::Outside => {
                let mut response = plain(StatusCode::RANGE_NOT_SATISFIABLE);
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{len}")) {
                    response.headers_mut().insert(header::CONTENT_RANGE, value);
                }
                return response;
            }
        }
        response
    }
}

/// Joins the segments of a path. `None` for a path that no file may have: names that begin
/// with a dot, empty ones in between, and those with a separator.
fn relative(segments: &[String]) -> Option<String> {
    let (last, directories) = segments.split_last()?;
    let is_name = |name: &String| {
        !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
    };
    let is_sound = directories.iter().all(is_name) && (last.is_empty() || is_name(last));
    is_sound.then(|| segments.join("/"))
}

/// Looks at a path, on a thread that may block.
fn look(dir: &Dir, path: &str) -> io::Result<Looked> {
    let metadata = match dir.metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return absent(error),
    };
    if metadata.is_dir() {
        return Ok(Looked::Directory);
    }
    if !metadata.is_file() {
        return Ok(Looked::Nothing);
    }
    let mut file = match dir.open_with(path, &without_waiting()) {
        Ok(file) => file,
        Err(error) => return absent(error),
    };
    // The name may stand for something else by now.
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(Looked::Nothing);
    }
    let bytes = match usize::try_from(metadata.len()) {
        Ok(len) if len <= PART => Some(read(&mut file, len)?),
        _ => None,
    };
    Ok(Looked::File(Opened {
        len: bytes
            .as_ref()
            .map_or(metadata.len(), |bytes| bytes.len() as u64),
        modified: modified(&metadata),
        name: path.rsplit('/').next().unwrap_or(path).to_owned(),
        file,
        bytes,
    }))
}

/// Options of a read that waits for no writer, should the name stand for a pipe by now.
fn without_waiting() -> OpenOptions {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true);
    options.custom_flags(flags.bits().cast_signed());
    options
}

fn modified(metadata: &Metadata) -> Option<SystemTime> {
    metadata
        .modified()
        .ok()
        .map(cap_std::time::SystemTime::into_std)
}

/// Reads up to so many bytes.
fn read(file: &mut File, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(len);
    file.take(len as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns nothing for a file that is not there or may not be read, as a client sees it.
fn absent(error: io::Error) -> io::Result<Looked> {
    match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::InvalidFilename => Ok(Looked::Nothing),
        _ => Err(error),
    }
}

/// Returns the tag of the bytes of a file.
fn tag_of(opened: &Opened) -> String {
    let since = opened
        .modified
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    let nanoseconds = since.map_or(0, |since| since.as_nanos());
    format!("\"{nanoseconds:x}-{:x}\"", opened.len)
}

/// Sends a client to the path of a directory, which ends with a slash.
fn to_directory(uri: &Uri) -> Response<Served> {
    let mut response = plain(StatusCode::MOVED_PERMANENTLY);
    // A path that begins with two slashes would be another host.
    let path = format!("/{}/", uri.path().trim_start_matches('/'));
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    if let Ok(value) = HeaderValue::from_str(&target) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

impl Opened {
    /// Returns the body of a part of the file.
    fn body(self, first: u64, len: u64) -> Served {
        if let Some(bytes) = self.bytes {
            let bytes = Bytes::from(bytes);
            let first = usize::try_from(first)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            let end = first.saturating_add(len).min(bytes.len());
            return Served::whole(bytes.slice(first..end));
        }
        Served::parts(Box::pin(OfFile {
            file: Some(self.file),
            at: first,
            left: len,
            reading: None,
        }))
    }
}

/// A file, and the bytes of it that were read.
type Piece = io::Result<(File, Vec<u8>)>;

/// The bytes of a file, read on threads that may block.
struct OfFile {
    /// Absent while it is being read.
    file: Option<File>,
    at: u64,
    left: u64,
    reading: Option<JoinHandle<Piece>>,
}

impl Body for OfFile {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if this.left == 0 {
            return Poll::Ready(None);
        }
        if let Some(mut file) = this.file.take() {
            let (at, left) = (this.at, this.left);
            let len = usize::try_from(left).unwrap_or(PART).min(PART);
            this.reading = Some(tokio::task::spawn_blocking(move || {
                file.seek(SeekFrom::Start(at))?;
                let bytes = read(&mut file, len)?;
                Ok((file, bytes))
            }));
        }
        let Some(reading) = &mut this.reading else {
            return Poll::Ready(None);
        };
        let read = ready!(Pin::new(reading).poll(cx));
        this.reading = None;
        let read = read.unwrap_or_else(|_| Err(io::Error::other("it panicked")));
        let frame = match read {
            Ok((file, bytes)) if !bytes.is_empty() => {
                this.at += bytes.len() as u64;
                this.left = this.left.saturating_sub(bytes.len() as u64);
                this.file = Some(file);
                Ok(Frame::data(bytes.into()))
            }
            Ok(_) => Err(Error::internal("the file became shorter while it was sent")),
            Err(error) => Err(Error::internal(format!("cannot read the file: {error}"))),
        };
        if frame.is_err() {
            this.left = 0;
        }
        Poll::Ready(Some(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use warren_engine::capability::VolumeSettings;

    use super::*;

    fn files(directory: &Path, spa: bool) -> Files {
        let settings = FilesSettings {
            spa,
            cache: Some("no-cache".to_owned()),
            ..FilesSettings::new("a:site", "a:web", "/", directory).unwrap()
        };
        Files::open(&settings, vec!["site".to_owned()], &Volumes::default()).unwrap()
    }

    async fn get(files: &Files, path: &str, headers: &[(&'static str, &str)]) -> Response<Served> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let uri: Uri = format!("/site/{path}").parse().unwrap();
        let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
        let disk = Arc::new(Semaphore::new(1));
        files
            .answer((&Method::GET, &uri, &map), &segments, &disk)
            .await
    }

    async fn bytes(response: Response<Served>) -> Vec<u8> {
        let mut body = response.into_body();
        let mut all = Vec::new();
        loop {
            let next = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            match next {
                Some(frame) => all.extend_from_slice(&frame.unwrap().into_data().unwrap()),
                None => return all,
            }
        }
    }

    fn directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir(root.join("docs")).unwrap();
        fs::create_dir(root.join("empty")).unwrap();
        fs::write(root.join("index.html"), "<home>").unwrap();
        fs::write(root.join("docs/index.html"), "<docs>").unwrap();
        fs::write(root.join("docs/a.txt"), "0123456789").unwrap();
        fs::write(root.join(".secret"), "x").unwrap();
        let large: Vec<u8> = (0..3 * PART + 7).map(|place| place as u8).collect();
        fs::write(root.join("large.bin"), large).unwrap();
        directory
    }

    #[tokio::test]
    async fn files_are_served_with_their_types() {
        let directory = directory();
        let files = files(directory.path(), false);
        for (path, status, body) in [
            ("", 200, "<home>"),
            ("index.html", 200, "<home>"),
            ("docs/", 200, "<docs>"),
            ("docs/a.txt", 200, "0123456789"),
            ("none", 404, "Not Found\n"),
            ("docs/a.txt/b", 404, "Not Found\n"),
            ("empty/", 404, "Not Found\n"),
            (".secret", 404, "Not Found\n"),
            ("docs/../.secret", 404, "Not Found\n"),
            ("../Cargo.toml", 404, "Not Found\n"),
            ("docs//a.txt", 404, "Not Found\n"),
            ("docs\\a.txt", 404, "Not Found\n"),
            ("a\0", 404, "Not Found\n"),
        ] {
            let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
            let (headers, uri) = (HeaderMap::new(), Uri::from_static("/"));
            let disk = Arc::new(Semaphore::new(1));
            let request = (&Method::GET, &uri, &headers);
            let response = files.answer(request, &segments, &disk).await;
            assert_eq!(response.status(), status, "{path:?}");
            assert_eq!(bytes(response).await, body.as_bytes(), "{path:?}");
        }
        let response = get(&files, "docs/a.txt", &[]).await;
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        let response = get(&files, "docs?a=b", &[]).await;
        assert_eq!(response.status(), 404, "the query is no part of the path");
    }

    #[tokio::test]
    async fn a_directory_without_a_slash_is_elsewhere() {
        let directory = directory();
        let files = files(directory.path(), false);
        let response = get(&files, "docs", &[]).await;
        assert_eq!(response.status(), 301);
        assert_eq!(response.headers()[header::LOCATION], "/site/docs/");
        let other = to_directory(&Uri::from_static("//evil.example"));
        assert_eq!(other.headers()[header::LOCATION], "/evil.example/");
    }

    #[tokio::test]
    async fn large_files_come_in_parts_and_ranges_are_kept() {
        let directory = directory();
        let files = files(directory.path(), false);
        let whole = get(&files, "large.bin", &[]).await;
        assert_eq!(whole.body().size_hint().exact(), Some(3 * PART as u64 + 7));
        let whole = bytes(whole).await;
        assert_eq!(whole.len(), 3 * PART + 7);
        for (range, expected) in [
            ("bytes=0-9", 0..10),
            ("bytes=65530-131080", 65_530..131_081),
            ("bytes=-7", 3 * PART..3 * PART + 7),
            ("bytes=196600-", 196_600..3 * PART + 7),
        ] {
            let response = get(&files, "large.bin", &[("range", range)]).await;
            assert_eq!(response.status(), 206, "{range}");
            let (first, last) = (expected.start, expected.end - 1);
            let content = format!("bytes {first}-{last}/{}", whole.len());
            assert_eq!(response.headers()[header::CONTENT_RANGE], content);
            assert_eq!(bytes(response).await, whole[expected], "{range}");
        }
        let short = get(&files, "docs/a.txt", &[("range", "bytes=2-4")]).await;
        assert_eq!(bytes(short).await, b"234");
        let outside = get(&files, "docs/a.txt", &[("range", "bytes=10-")]).await;
        assert_eq!(outside.status(), 416);
        assert_eq!(outside.headers()[header::CONTENT_RANGE], "bytes */10");
    }

    #[tokio::test]
    async fn what_a_client_has_is_not_sent_again() {
        let directory = directory();
        let files = files(directory.path(), false);
        let response = get(&files, "docs/a.txt", &[]).await;
        let tag = response.headers()[header::ETAG]
            .to_str()
            .unwrap()
            .to_owned();
        let again = get(&files, "docs/a.txt", &[("if-none-match", &tag)]).await;
        assert_eq!(again.status(), 304);
        assert!(bytes(again).await.is_empty());
        fs::write(directory.path().join("docs/a.txt"), "other bytes").unwrap();
        let changed = get(&files, "docs/a.txt", &[("if-none-match", &tag)]).await;
        assert_eq!(changed.status(), 200);
        let failed = get(&files, "docs/a.txt", &[("if-match", &tag)]).await;
        assert_eq!(failed.status(), 412);
        let part = [("range", "bytes=0-1"), ("if-range", &*tag)];
        let whole = get(&files, "docs/a.txt", &part).await;
        assert_eq!(whole.status(), 200);
    }

    #[tokio::test]
    async fn a_page_that_makes_up_paths_gets_its_index() {
        let directory = directory();
        let files = files(directory.path(), true);
        let response = get(&files, "users/7", &[]).await;
        assert_eq!(response.status(), 200);
        assert_eq!(bytes(response).await, b"<home>");
        let file = get(&files, "docs/a.txt", &[]).await;
        assert_eq!(bytes(file).await, b"0123456789");
    }

    #[tokio::test]
    async fn a_volume_is_the_directory_that_was_opened() {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("files");
        fs::create_dir(&path).unwrap();
        let volume = VolumeSettings::open("a:files", &path, true).unwrap();
        let volumes = Volumes::open(vec![volume]).unwrap();
        let open = |volume: &str| {
            let settings = FilesSettings::of_volume("a:site", "a:web", "/site", volume).unwrap();
            Files::open(&settings, vec!["site".to_owned()], &volumes)
        };
        let Err(ListenError::Volume { files, volume }) = open("a:none") else {
            panic!("there is no such volume");
        };
        assert_eq!((&*files, &*volume), ("a:site", "a:none"));

        let files = open("a:files").unwrap();
        // Another directory in its place is not served.
        let moved = above.path().join("moved");
        fs::rename(&path, &moved).unwrap();
        fs::create_dir(&path).unwrap();
        fs::write(path.join("a.txt"), "other").unwrap();
        assert_eq!(get(&files, "a.txt", &[]).await.status(), 404);
        fs::write(moved.join("a.txt"), "written later").unwrap();
        assert_eq!(
            bytes(get(&files, "a.txt", &[]).await).await,
            b"written later"
        );
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn links_lead_nowhere_else() {
        let directory = directory();
        let outside = tempfile::NamedTempFile::new().unwrap();
        let link = |target: &Path, name: &str| {
            std::os::unix::fs::symlink(target, directory.path().join(name)).unwrap();
        };
        link(outside.path(), "out");
        link(Path::new("../.."), "up");
        link(Path::new("docs/a.txt"), "in.txt");
        let files = files(directory.path(), false);
        for path in ["out", "up/etc/passwd"] {
            assert_eq!(get(&files, path, &[]).await.status(), 404, "{path}");
        }
        assert_eq!(bytes(get(&files, "in.txt", &[]).await).await, b"0123456789");
    }
}
