//! The beginning of a session: its user, password and settings.

use std::io;

use bytes::Bytes;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use tokio::task::spawn_blocking;

use super::messages::{Malformed, Reply, Requests};
use super::session::{Failure, Session};
use super::url::Address;

/// Steps of an authentication, as the server numbers them.
const DONE: u32 = 0;
const PLAIN: u32 = 3;
const MD5: u32 = 5;
const SASL: u32 = 10;
const SASL_CONTINUES: u32 = 11;
const SASL_ENDS: u32 = 12;

/// The name that the server shows for a session of the runtime.
const APPLICATION: &str = "warren";

/// Begins the session that an address names.
pub(super) async fn log_in(session: &mut Session, address: &Address) -> Result<(), Failure> {
    let mut settings = vec![("client_encoding", "UTF8"), ("user", &*address.user)];
    if let Some(database) = &address.database {
        settings.push(("database", database.as_str()));
    }
    let own = |name| address.parameters.iter().any(|(known, _)| *known == name);
    if !own("application_name") {
        settings.push(("application_name", APPLICATION));
    }
    let parameters = address.parameters.iter();
    settings.extend(parameters.map(|(name, value)| (*name, value.as_str())));
    let startup = Requests::startup(settings.into_iter());
    session.send(&startup).await?;
    loop {
        match session.receive().await? {
            Reply::Authentication(DONE, _) => (),
            Reply::Authentication(PLAIN, _) => {
                session
                    .send(&Requests::password(password(address)?))
                    .await?;
            }
            Reply::Authentication(MD5, salt) => {
                let salt = salt[..].try_into().map_err(|_| Malformed)?;
                let password = password(address)?.as_bytes();
                let hash = md5_hash(address.user.as_bytes(), password, salt);
                session.send(&Requests::password(&hash)).await?;
            }
            Reply::Authentication(SASL, mechanisms) => {
                scram(session, password(address)?, &mechanisms).await?;
            }
            Reply::Error(error) => return Err(Failure::Server(error)),
            Reply::Ready(_) => return Ok(()),
            Reply::Authentication(..) => {
                let message = "the server wants an authentication that is none of a password";
                return Err(io::Error::other(message).into());
            }
            _ => return Err(Malformed.into()),
        }
    }
}

fn password(address: &Address) -> io::Result<&str> {
    let message = "the server wants a password, and the url has none";
    let password = address.password.as_deref();
    password.ok_or_else(|| io::Error::other(message))
}

/// Shows the password without sending it.
async fn scram(session: &mut Session, password: &str, mechanisms: &Bytes) -> Result<(), Failure> {
    let mut names = mechanisms.split(|byte| *byte == 0);
    if !names.any(|name| name == SCRAM_SHA_256.as_bytes()) {
        let message = "the server wants an authentication that is not SCRAM-SHA-256";
        return Err(io::Error::other(message).into());
    }
    let scram = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
    let begin = Requests::begin_sasl(SCRAM_SHA_256, scram.message());
    session.send(&begin).await?;
    let challenge = step(session, SASL_CONTINUES).await?;
    // The server says how much work it is.
    let answer = spawn_blocking(move || {
        let mut scram = scram;
        scram.update(&challenge).map(|()| scram)
    });
    let mut scram = answer.await.map_err(io::Error::other)??;
    session.send(&Requests::sasl(scram.message())).await?;
    let end = step(session, SASL_ENDS).await?;
    Ok(scram.finish(&end)?)
}

async fn step(session: &mut Session, wanted: u32) -> Result<Bytes, Failure> {
    match session.receive().await? {
        Reply::Authentication(code, data) if code == wanted => Ok(data),
        Reply::Error(error) => Err(Failure::Server(error)),
        _ => Err(Malformed.into()),
    }
}
