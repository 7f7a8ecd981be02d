//! The capability `crypto`: random bytes, message codes, ciphers, tokens and derived keys.
//!
//! The algorithms are those of RustCrypto. What must differ by the caller's secrets takes
//! the time that its length says and no other.

mod compare;
mod derive;
mod jwt;
mod mac;
mod random;
#[cfg(test)]
mod rs256;
mod rsa;
mod seal;

use aes_gcm::aead::consts::U12;
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
pub(crate) use random::{fill, new_uuid};
use sha2::{Sha256, Sha512};
use warren_engine::capability::{Caller, Capability, Step};

/// See [the module](self).
pub(crate) struct Crypto;

impl Capability for Crypto {
    fn name(&self) -> &'static str {
        "crypto"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        Step::Done(match operation {
            "random.bytes" => random::bytes(request),
            "random.string" => return random::string(request),
            "random.uuid" => random::uuid(request),
            "hmac.sha256" => mac::answer::<Sha256>(request),
            "hmac.sha512" => mac::answer::<Sha512>(request),
            "encrypt.aes" => seal::encrypt(request, aes),
            "decrypt.aes" => seal::decrypt(request, aes),
            "encrypt.chacha20" => seal::encrypt(request, chacha20),
            "decrypt.chacha20" => seal::decrypt(request, chacha20),
            "jwt.encode" => return jwt::encode(request),
            "jwt.verify" => return jwt::verify(request, caller.now()),
            "pbkdf2" => return derive::pbkdf2(request),
            "argon2id" => return derive::argon2id(request),
            "constant_time_compare" => compare::answer(request),
            _ => return Step::Unknown,
        })
    }
}

/// AES-GCM for a key of 16, 24 or 32 bytes.
fn aes(key: &[u8]) -> Option<Box<dyn seal::Cipher>> {
    type Aes192Gcm = AesGcm<aes::Aes192, U12>;
    match key.len() {
        16 => seal::with_key::<Aes128Gcm>(key),
        24 => seal::with_key::<Aes192Gcm>(key),
        32 => seal::with_key::<Aes256Gcm>(key),
        _ => None,
    }
}

/// ChaCha20-Poly1305 for a key of 32 bytes.
fn chacha20(key: &[u8]) -> Option<Box<dyn seal::Cipher>> {
    seal::with_key::<chacha20poly1305::ChaCha20Poly1305>(key)
}
