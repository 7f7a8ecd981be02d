//! `crypto.encrypt.NAME(data, key, aad)` and `crypto.decrypt.NAME`: authenticated
//! encryption. The sealed bytes are a random nonce of 12 bytes, the ciphertext and a tag of
//! 16 bytes.

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, AeadCore, KeyInit, Nonce, Payload};
use warren_engine::capability::Answer;
use warren_kernel::Error;

use super::random;
use crate::answer;
use crate::request::Arguments;

const NONCE: usize = 12;
const TAG: usize = 16;

/// A cipher with its key.
pub(super) trait Cipher {
    fn encrypt(&self, nonce: [u8; NONCE], payload: Payload<'_, '_>) -> Option<Vec<u8>>;
    fn decrypt(&self, nonce: [u8; NONCE], payload: Payload<'_, '_>) -> Option<Vec<u8>>;
}

impl<A: Aead + AeadCore<NonceSize = U12>> Cipher for A {
    fn encrypt(&self, nonce: [u8; NONCE], payload: Payload<'_, '_>) -> Option<Vec<u8>> {
        Aead::encrypt(self, &Nonce::<A>::from(nonce), payload).ok()
    }

    fn decrypt(&self, nonce: [u8; NONCE], payload: Payload<'_, '_>) -> Option<Vec<u8>> {
        Aead::decrypt(self, &Nonce::<A>::from(nonce), payload).ok()
    }
}

/// Returns the cipher for a key; `None` if the key has another length.
pub(super) fn with_key<A>(key: &[u8]) -> Option<Box<dyn Cipher>>
where
    A: Aead + AeadCore<NonceSize = U12> + KeyInit + 'static,
{
    Some(Box::new(A::new_from_slice(key).ok()?))
}

/// Finds the cipher for a key.
type ForKey = fn(&[u8]) -> Option<Box<dyn Cipher>>;

pub(super) fn encrypt(request: &[u8], cipher: ForKey) -> Answer {
    let (data, cipher, aad) = parameters(request, cipher)?;
    let mut nonce = [0; NONCE];
    random::fill(&mut nonce)?;
    let sealed = cipher
        .encrypt(nonce, Payload { msg: data, aad })
        .ok_or_else(|| Error::internal("the encryption failed"))?;
    answer::write(|out| out.string(&[&nonce[..], &sealed].concat()))
}

pub(super) fn decrypt(request: &[u8], cipher: ForKey) -> Answer {
    let (sealed, cipher, aad) = parameters(request, cipher)?;
    let parts = sealed.split_first_chunk();
    let Some((nonce, msg)) = parts.filter(|(_, rest)| rest.len() >= TAG) else {
        let (bytes, least) = (sealed.len(), NONCE + TAG);
        return Err(Error::invalid(format!(
            "data: {bytes} bytes are too short for a nonce and a tag, which take {least}"
        )));
    };
    // The message does not tell whether the key, the data or the associated data is wrong.
    let data = cipher
        .decrypt(*nonce, Payload { msg, aad })
        .ok_or_else(|| Error::internal("the decryption failed").retryable(false))?;
    answer::write(|out| out.string(&data))
}

type Parameters<'a> = (&'a [u8], Box<dyn Cipher>, &'a [u8]);

fn parameters(request: &[u8], cipher: ForKey) -> Result<Parameters<'_>, Error> {
    let mut arguments = Arguments::new(request)?;
    let (data, key) = (arguments.bytes("data")?, arguments.bytes("key")?);
    let aad = arguments.bytes_or_nil("aad")?.unwrap_or_default();
    let cipher = cipher(key).ok_or_else(|| {
        Error::invalid(format!(
            "key: the cipher does not take keys of {} bytes",
            key.len()
        ))
    })?;
    Ok((data, cipher, aad))
}

#[cfg(test)]
mod tests {
    use crate::crypto::Crypto;
    use crate::test::{called, of};
    use warren_kernel::{Error, Kind};
    use warren_values::Value;

    fn call(operation: &str, data: &Value, key: &str, aad: &str) -> Result<Value, Error> {
        called(&Crypto, operation, &[data.clone(), of(key), of(aad)])
    }

    #[test]
    fn a_sealed_text_opens_with_the_same_key_and_data_alone() {
        for (cipher, bytes) in [("aes", 16), ("aes", 24), ("aes", 32), ("chacha20", 32)] {
            let (encrypt, decrypt) = (format!("encrypt.{cipher}"), format!("decrypt.{cipher}"));
            let (key, other) = ("k".repeat(bytes), "o".repeat(bytes));
            let sealed = call(&encrypt, &of("secret"), &key, "to: you").unwrap();
            let Value::Bytes(raw) = &sealed else {
                panic!("no bytes");
            };
            assert_eq!(raw.len(), 12 + 6 + 16);
            assert_ne!(
                sealed,
                call(&encrypt, &of("secret"), &key, "to: you").unwrap()
            );
            let opened = call(&decrypt, &sealed, &key, "to: you").unwrap();
            assert_eq!(opened, of("secret"));
            let mut forged = raw.clone();
            forged[13] ^= 1;
            for (sealed, key, aad) in [
                (&sealed, &other, "to: you"),
                (&sealed, &key, "to: me"),
                (&Value::Bytes(forged), &key, "to: you"),
            ] {
                let error = call(&decrypt, sealed, key, aad).unwrap_err();
                assert_eq!(error.kind, Kind::Internal);
            }
        }
    }

    #[test]
    fn wrong_keys_and_short_data_are_invalid() {
        for key in ["", "short", &"k".repeat(33)] {
            for operation in ["encrypt.aes", "decrypt.aes", "encrypt.chacha20"] {
                let error = call(operation, &of("data"), key, "").unwrap_err();
                assert_eq!(error.kind, Kind::Invalid, "{operation}");
            }
        }
        let error = call("decrypt.aes", &of(&"x".repeat(27)), &"k".repeat(16), "");
        assert_eq!(error.unwrap_err().kind, Kind::Invalid);
    }

    #[test]
    fn a_sealed_text_of_another_implementation_opens() {
        // NIST's test case 4 of AES-GCM with 128 bits, without its nonce.
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2)
                .map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap())
                .collect()
        };
        let sealed = hex(
            "cafebabefacedbaddecaf88842831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e23\
             29aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db\
             94fae95ae7121a47",
        );
        let opened = called(
            &Crypto,
            "decrypt.aes",
            &[
                Value::Bytes(sealed),
                Value::Bytes(hex("feffe9928665731c6d6a8f9467308308")),
                Value::Bytes(hex("feedfacedeadbeeffeedfacedeadbeefabaddad2")),
            ],
        );
        let Value::Bytes(opened) = opened.unwrap() else {
            panic!("no bytes");
        };
        assert_eq!(opened[..4], hex("d9313225"));
        assert_eq!(opened.len(), 60);
    }
}
