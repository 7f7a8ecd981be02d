//! The things that a listener serves: a reload puts others in their place.

use std::sync::Arc;

use warren_engine::capability::web::{ListenerSettings, WebSettings};

use super::counts::OfListener;
use super::error::ListenError;
use super::middleware::Making;
use super::table::Table;
use super::tls::Certificate;

/// The settings of a listener, and what it serves.
pub(super) struct Site {
    pub(super) settings: ListenerSettings,
    /// Present if the listener speaks TLS.
    pub(super) certificate: Option<Certificate>,
    pub(super) table: Table,
    pub(super) counts: Arc<OfListener>,
}

impl Site {
    /// Reads the files of the certificate, and opens the directories.
    ///
    /// # Errors
    ///
    /// [`ListenError::Tls`], and those of [`Table::new`].
    pub(super) fn new(
        listener: &ListenerSettings,
        settings: &WebSettings,
        making: &Making<'_>,
        counts: Arc<OfListener>,
    ) -> Result<Site, ListenError> {
        Ok(Site {
            settings: listener.clone(),
            certificate: listener.tls.as_ref().map(Certificate::new).transpose()?,
            table: Table::new(&listener.id, settings, making)?,
            counts,
        })
    }
}
