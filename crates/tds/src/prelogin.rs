//! The greeting: which version, and whether to encrypt.

use crate::{Error, Reader, Result};

const VERSION: u8 = 0;
const ENCRYPTION: u8 = 1;
const INSTANCE: u8 = 2;
const THREAD: u8 = 3;
const MARS: u8 = 4;
const FED_AUTH_REQUIRED: u8 = 6;
const TERMINATOR: u8 = 0xFF;

/// What one side says about encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encryption {
    /// Available, not wanted: the login alone is encrypted.
    Off,
    /// Wanted for everything.
    On,
    /// Not available.
    NotSupported,
    /// Demanded for everything.
    Required,
}

impl Encryption {
    fn from_byte(byte: u8) -> Result<Self> {
        Ok(match byte {
            0 => Self::Off,
            1 => Self::On,
            2 => Self::NotSupported,
            3 => Self::Required,
            _ => return Err(Error::Invalid("encryption option")),
        })
    }

    fn to_byte(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::On => 1,
            Self::NotSupported => 2,
            Self::Required => 3,
        }
    }
}

/// How much of a connection is inside TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Nothing.
    None,
    /// The login message alone.
    Login,
    /// Everything from the login on.
    Full,
}

/// What the server answers about encryption when it offers TLS, and what follows from it.
#[must_use]
pub fn negotiate(client: Encryption) -> (Encryption, Protection) {
    match client {
        Encryption::Off => (Encryption::Off, Protection::Login),
        Encryption::On | Encryption::Required => (Encryption::On, Protection::Full),
        Encryption::NotSupported => (Encryption::NotSupported, Protection::None),
    }
}

/// What a client greets with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreLogin {
    /// What it says about encryption; a client that says nothing means [`Encryption::NotSupported`].
    pub encryption: Encryption,
    /// Whether it sent the option about federated authentication, which asks for an answer.
    pub asks_fed_auth: bool,
}

impl PreLogin {
    /// Reads a greeting. Unknown options are passed over.
    ///
    /// # Errors
    /// [`Error`] for an option that lies outside the message, or a missing terminator.
    pub fn parse(payload: &[u8]) -> Result<Self> {
        let mut table = Reader::new(payload);
        let mut greeting = Self {
            encryption: Encryption::NotSupported,
            asks_fed_auth: false,
        };
        loop {
            let option = table.u8()?;
            if option == TERMINATOR {
                return Ok(greeting);
            }
            let (offset, length) = (usize::from(table.u16_be()?), usize::from(table.u16_be()?));
            let data = payload
                .get(offset..offset + length)
                .ok_or(Error::Invalid("greeting option"))?;
            match (option, data.first()) {
                (ENCRYPTION, Some(byte)) => greeting.encryption = Encryption::from_byte(*byte)?,
                (FED_AUTH_REQUIRED, _) => greeting.asks_fed_auth = true,
                _ => {}
            }
        }
    }

    /// The server's answer to this greeting.
    #[must_use]
    pub fn answer(&self, version: [u8; 4], encryption: Encryption) -> Vec<u8> {
        let [major, minor, build_high, build_low] = version;
        let encryption = [encryption.to_byte()];
        let mut options: Vec<(u8, Vec<u8>)> = vec![
            (VERSION, vec![major, minor, build_high, build_low, 0, 0]),
            (ENCRYPTION, encryption.to_vec()),
            (INSTANCE, vec![0]),
            (THREAD, vec![]),
            (MARS, vec![0]),
        ];
        if self.asks_fed_auth {
            options.push((FED_AUTH_REQUIRED, vec![0]));
        }
        let mut offset = options.len() * 5 + 1;
        let mut table = Vec::new();
        let mut data = Vec::new();
        for (option, content) in options {
            let word = |number: usize| {
                u16::try_from(number)
                    .expect("an answer is a few dozen bytes")
                    .to_be_bytes()
            };
            table.push(option);
            table.extend_from_slice(&word(offset));
            table.extend_from_slice(&word(content.len()));
            offset += content.len();
            data.extend_from_slice(&content);
        }
        table.push(TERMINATOR);
        table.extend_from_slice(&data);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A greeting as FreeTDS sends it: version, encryption off, an instance name, a thread id, no MARS.
    const FREETDS: &[u8] = &[
        0, 0, 26, 0, 6, 1, 0, 32, 0, 1, 2, 0, 33, 0, 12, 3, 0, 45, 0, 4, 4, 0, 49, 0, 1, 0xFF, 9,
        0, 0, 0, 0, 0, 0, b'M', b'S', b'S', b'Q', b'L', b'S', b'e', b'r', b'v', b'e', b'r', 0, 1,
        2, 3, 4, 0,
    ];

    #[test]
    fn a_greeting_is_read_and_its_answer_can_be_read() {
        let greeting = PreLogin::parse(FREETDS).unwrap();
        assert_eq!(greeting.encryption, Encryption::Off);
        assert!(!greeting.asks_fed_auth);
        let answer = greeting.answer([15, 0, 7, 208], Encryption::On);
        assert_eq!(PreLogin::parse(&answer).unwrap().encryption, Encryption::On);
        assert_eq!(answer[26..32], [15, 0, 7, 208, 0, 0]);
    }

    #[test]
    fn the_option_about_federated_authentication_is_answered_only_when_asked() {
        let asking = [6, 0, 6, 0, 1, 0xFF, 1];
        let greeting = PreLogin::parse(&asking).unwrap();
        assert!(greeting.asks_fed_auth);
        assert!(
            PreLogin::parse(&greeting.answer([0; 4], Encryption::Off))
                .unwrap()
                .asks_fed_auth
        );
    }

    #[test]
    fn options_outside_the_message_are_refused() {
        assert!(PreLogin::parse(&[1, 0, 9, 0, 9, 0xFF]).is_err());
        assert!(PreLogin::parse(&[1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]).is_err());
        assert!(PreLogin::parse(&[]).is_err());
        assert!(PreLogin::parse(&[1, 0, 6, 0, 1, 0xFF, 9]).is_err());
    }

    /// sqlml C43: every answer a client may get.
    #[test]
    fn encryption_is_negotiated() {
        assert_eq!(
            negotiate(Encryption::Off),
            (Encryption::Off, Protection::Login)
        );
        assert_eq!(negotiate(Encryption::Required).1, Protection::Full);
        assert_eq!(negotiate(Encryption::NotSupported).1, Protection::None);
    }
}
