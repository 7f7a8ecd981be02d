//! A real browser without a window: Chromium, by its protocol for developers' tools.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use warren_tests::TIMEOUT;

/// A browser with one page, killed when dropped.
pub(super) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    /// The number of the last command.
    number: u64,
    /// The page that commands are about.
    page: Option<String>,
    _profile: TempDir,
}

/// The options of the browser. As root it has no sandbox, and the pages are our own.
const OPTIONS: [&str; 7] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--window-size=1000,700",
    "--remote-debugging-pipe",
];

/// Gives the browser its commands at descriptor 3, and takes its answers from descriptor 4.
const SCRIPT: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;

/// Time for each message of a browser that ends.
const LAST_WORDS: Duration = Duration::from_secs(10);

impl Browser {
    /// Starts a browser.
    ///
    /// # Panics
    ///
    /// There is no Chromium; the message says what to install.
    #[track_caller]
    pub(super) fn start() -> Browser {
        let found = Command::new("chromium").arg("--version").output();
        assert!(
            found.is_ok_and(|output| output.status.success()),
            "there is no Chromium here: `cargo xtask test` installs it, or run `apt-get install \
             chromium`"
        );
        let profile = tempfile::tempdir().expect("a directory");
        let mut child = Command::new("sh")
            .args(["-c", SCRIPT, "sh", "chromium"])
            .args(OPTIONS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let to = child.stdin.take().expect("standard input is piped");
        let answers = child.stdout.take().expect("standard output is piped");
        let (told, from) = mpsc::channel();
        thread::spawn(move || {
            for message in BufReader::new(answers).split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("a message is JSON");
                if told.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Browser {
            child,
            to,
            from,
            number: 0,
            page: None,
            _profile: profile,
        };
        let target = browser.command("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.command("Target.attachToTarget", &attach);
        browser.page = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable"] {
            browser.command(domain, &json!({}));
        }
        browser.command(
            "Page.setLifecycleEventsEnabled",
            &json!({ "enabled": true }),
        );
        browser
    }

    /// Opens a page, and waits until it is loaded.
    #[track_caller]
    pub(super) fn open(&mut self, url: &str) {
        let navigation = self.command("Page.navigate", &json!({ "url": url }));
        // The page that was there may be loaded only now.
        let is_loaded = |message: &Value| {
            message["method"] == "Page.lifecycleEvent"
                && message["params"]["name"] == "load"
                && message["params"]["loaderId"] == navigation["loaderId"]
        };
        while !is_loaded(&self.message()) {}
    }

    /// Waits until an expression of JavaScript is true of the page.
    #[track_caller]
    pub(super) fn wait_for(&mut self, condition: &str) {
        let found = self.evaluate(&format!(
            "new Promise((done) => {{
              const look = () => {{
                const is = Boolean({condition});
                if (is) done(true);
                return is;
              }};
              const all = {{ subtree: true, childList: true, attributes: true, characterData: true }};
              if (!look()) new MutationObserver((_, seen) => look() && seen.disconnect()).observe(document, all);
            }})"
        ));
        assert_eq!(found, json!(true), "{condition}");
    }

    /// Waits until the element that a selector finds has a text in it.
    #[track_caller]
    pub(super) fn wait_for_text(&mut self, selector: &str, text: &str) {
        let (selector, text) = (json!(selector), json!(text));
        self.wait_for(&format!(
            "document.querySelector({selector})?.textContent.includes({text})"
        ));
    }

    /// Clicks on the element that a selector finds.
    #[track_caller]
    pub(super) fn click(&mut self, selector: &str) {
        let middle = self.evaluate(&format!(
            "(() => {{
              const element = document.querySelector({});
              element.scrollIntoView();
              const box = element.getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            }})()",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1,
            });
            self.command("Input.dispatchMouseEvent", &event);
        }
    }

    /// Types a text into the field that a selector finds.
    #[track_caller]
    pub(super) fn type_into(&mut self, selector: &str, text: &str) {
        self.click(selector);
        self.command("Input.insertText", &json!({ "text": text }));
    }

    /// Presses Enter where the cursor is.
    #[track_caller]
    pub(super) fn press_enter(&mut self) {
        for kind in ["keyDown", "keyUp"] {
            let event = json!({
                "type": kind, "key": "Enter", "code": "Enter", "text": "\r",
                "windowsVirtualKeyCode": 13,
            });
            self.command("Input.dispatchKeyEvent", &event);
        }
    }

    /// Returns the value of an expression of JavaScript. A promise is waited for.
    #[track_caller]
    pub(super) fn evaluate(&mut self, expression: &str) -> Value {
        let request = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
        });
        let answer = self.command("Runtime.evaluate", &request);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Writes a picture of the page, a PNG, into a file.
    #[track_caller]
    pub(super) fn screenshot(&mut self, file: &Path) {
        let picture = self.command("Page.captureScreenshot", &json!({}));
        let text = picture["data"].as_str().expect("a picture");
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory).expect("a directory");
        }
        fs::write(file, decoded(text)).expect("the picture is written");
    }

    /// Sends a command about the page, and returns the answer.
    #[track_caller]
    fn command(&mut self, method: &str, params: &Value) -> Value {
        self.number += 1;
        let mut command = json!({ "id": self.number, "method": method, "params": params });
        if let Some(page) = &self.page {
            command["sessionId"] = json!(page);
        }
        let bytes = [command.to_string().as_bytes(), b"\0"].concat();
        self.to.write_all(&bytes).expect("the browser reads");
        loop {
            let message = self.message();
            if message["id"] == json!(self.number) {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// Returns the next message of the browser. An error of a script of the page ends the test.
    #[track_caller]
    fn message(&mut self) -> Value {
        let message = self.from.recv_timeout(TIMEOUT);
        let message = message.expect("the browser is there and answers");
        assert_ne!(message["method"], "Runtime.exceptionThrown", "{message}");
        message
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A browser that ends in order leaves nothing behind. All of this fails if it has ended,
        // and then the test has failed.
        let _ = self
            .to
            .write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        while self.from.recv_timeout(LAST_WORDS).is_ok() {}
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Decodes Base64.
fn decoded(text: &str) -> Vec<u8> {
    let digit = |letter: u8| -> u32 {
        match letter {
            b'A'..=b'Z' => u32::from(letter - b'A'),
            b'a'..=b'z' => u32::from(letter - b'a') + 26,
            b'0'..=b'9' => u32::from(letter - b'0') + 52,
            b'+' => 62,
            _ => 63,
        }
    };
    let letters = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(letters.len());
    for group in letters.chunks(4) {
        let bits = group
            .iter()
            .fold(0, |bits, letter| (bits << 6) | digit(*letter));
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}
