//! The HTTP server of a runtime.

use warren_capabilities::server::{Bound, ListenError};

use crate::runtime::Runtime;

impl Runtime {
    /// Opens the listeners of the program and of the embedder
    /// ([`Builder::web`](crate::Builder::web)), and answers requests from now on. Each
    /// request is a process of the definition that its route names. Returns the listeners
    /// with their addresses. May be called any number of times.
    ///
    /// From then on [`Runtime::apply`] opens and closes listeners. [`Runtime::shutdown`]
    /// closes them.
    ///
    /// ```
    /// use std::time::Duration;
    /// use warren::Runtime;
    /// use warren::app::web::{ListenerSettings, RouteSettings, WebSettings, parse_bind};
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = std::env::temp_dir().join("warren-doctest-cache");
    /// let mut web = WebSettings::default();
    /// web.listeners.push(ListenerSettings::new("app:web", parse_bind("127.0.0.1:0")?));
    /// web.routes.push(RouteSettings::new("app:web", "GET /", "app:hello")?);
    /// let runtime = Runtime::builder()
    ///     .lua("app:hello", "return function() return 'hello' end")
    ///     .web(web)
    /// #    .cache(cache)
    ///     .start()?;
    /// let listeners = runtime.serve().await?;
    /// println!("http://{}/", listeners[0].address);
    /// runtime.shutdown(Duration::from_secs(5)).await;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`ListenError`]. No listener was opened.
    pub async fn serve(&self) -> Result<Vec<Bound>, ListenError> {
        let bound = self.listen().await?;
        self.versions().server().go();
        Ok(bound)
    }

    /// Opens the listeners as [`Runtime::serve`] does, and leaves connections waiting until
    /// that is called: for a program that takes its addresses before it starts.
    ///
    /// # Errors
    ///
    /// See [`ListenError`]. No listener was opened.
    pub async fn listen(&self) -> Result<Vec<Bound>, ListenError> {
        self.versions().listen(self.node()).await
    }

    /// Returns the listeners that are open.
    pub fn listeners(&self) -> Vec<Bound> {
        self.versions().server().bound()
    }
}
