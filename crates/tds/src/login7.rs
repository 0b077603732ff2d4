//! The login message.

use std::fmt;

use crate::{Error, Reader, Result, reader::decode_utf16};

/// The length of the fixed part in bytes.
const FIXED: usize = 94;
/// The longest user or database name in characters.
const MAX_NAME: usize = 128;
/// The lowest version whose messages this crate reads (7.2).
const LOWEST_VERSION: u32 = 0x7209_0002;

const FLAG2_INTEGRATED: u8 = 0x80;
const FLAG3_EXTENSION: u8 = 0x10;
const FLAG3_CHANGE_PASSWORD: u8 = 0x01;

/// Feature ids of the extension that this side knows; others are passed over by their length.
mod feature {
    pub(super) const FED_AUTH: u8 = 0x02;
    pub(super) const UTF8_SUPPORT: u8 = 0x0A;
    pub(super) const END: u8 = 0xFF;
}

/// What a client logs in with.
#[derive(Clone, PartialEq, Eq)]
pub struct Login7 {
    /// The version the client speaks.
    pub tds_version: u32,
    /// The packet size it asks for, in bytes.
    pub packet_size: u32,
    /// The name of its machine.
    pub host: String,
    /// The login.
    pub user: String,
    /// The password. `Debug` does not show it.
    pub password: String,
    /// The name of the program.
    pub application: String,
    /// The server's name as the client knows it.
    pub server: String,
    /// The name of the client library.
    pub library: String,
    /// The language asked for; empty for the default.
    pub language: String,
    /// The database asked for; empty for the login's default.
    pub database: String,
    /// Whether integrated authentication is asked for.
    pub integrated: bool,
    /// The first leg of integrated authentication.
    pub sspi: Vec<u8>,
    /// Whether a feature extension is there, which asks for an answer.
    pub has_features: bool,
    /// Whether UTF-8 collations are understood.
    pub utf8_support: bool,
    /// The data of the federated authentication feature, where it is there.
    pub fed_auth: Option<Vec<u8>>,
}

impl fmt::Debug for Login7 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login7")
            .field("tds_version", &format_args!("0x{:08X}", self.tds_version))
            .field("packet_size", &self.packet_size)
            .field("host", &self.host)
            .field("user", &self.user)
            .field("application", &self.application)
            .field("library", &self.library)
            .field("database", &self.database)
            .field("integrated", &self.integrated)
            .finish_non_exhaustive()
    }
}

impl Login7 {
    /// Reads a login message.
    ///
    /// # Errors
    /// [`Error`] for parts that lie outside the message, names longer than 128 characters, a version below 7.2, or a
    /// request to change the password.
    pub fn parse(payload: &[u8]) -> Result<Self> {
        let mut fixed = Reader::new(payload);
        let length = fixed.len_u32()?;
        if length > payload.len() || length < FIXED {
            return Err(Error::Invalid("login length"));
        }
        let message = &payload[..length];
        let tds_version = fixed.u32()?;
        if tds_version < LOWEST_VERSION && tds_version >> 24 != 0x08 {
            return Err(Error::Invalid("login version"));
        }
        let packet_size = fixed.u32()?;
        // Program version, process id, connection id.
        fixed.bytes(12)?;
        let [_flags1, flags2, _type_flags, flags3] = fixed.array()?;
        if flags3 & FLAG3_CHANGE_PASSWORD != 0 {
            return Err(Error::Invalid(
                "login: changing the password is not supported",
            ));
        }
        // Time zone and locale.
        fixed.bytes(8)?;

        let mut names = Names {
            message,
            table: fixed,
        };
        let host = names.text()?;
        let user = names.text()?;
        let password = names.password()?;
        let application = names.text()?;
        let server = names.text()?;
        let extension = names.span(1)?;
        let library = names.text()?;
        let language = names.text()?;
        let database = names.text()?;
        // The client's hardware id.
        names.table.bytes(6)?;
        let sspi = names.span(1)?.to_vec();

        let mut login = Self {
            tds_version,
            packet_size,
            host,
            user,
            password,
            application,
            server,
            library,
            language,
            database,
            integrated: flags2 & FLAG2_INTEGRATED != 0,
            sspi,
            has_features: flags3 & FLAG3_EXTENSION != 0,
            utf8_support: false,
            fed_auth: None,
        };
        if login.has_features {
            let offset = Reader::new(extension).len_u32()?;
            login.read_features(
                message
                    .get(offset..)
                    .ok_or(Error::Invalid("feature extension"))?,
            )?;
        }
        Ok(login)
    }

    fn read_features(&mut self, bytes: &[u8]) -> Result<()> {
        let mut features = Reader::new(bytes);
        loop {
            let id = features.u8()?;
            if id == feature::END {
                return Ok(());
            }
            let length = features.len_u32()?;
            let data = features.bytes(length)?;
            match id {
                feature::FED_AUTH => self.fed_auth = Some(data.to_vec()),
                feature::UTF8_SUPPORT => self.utf8_support = true,
                _ => {}
            }
        }
    }
}

/// The table of offsets and lengths behind the fixed part.
struct Names<'a> {
    message: &'a [u8],
    table: Reader<'a>,
}

impl<'a> Names<'a> {
    /// The next entry's bytes; its length counts units of `unit` bytes.
    fn span(&mut self, unit: usize) -> Result<&'a [u8]> {
        let (offset, length) = (
            usize::from(self.table.u16()?),
            usize::from(self.table.u16()?),
        );
        if length == 0 {
            return Ok(&[]);
        }
        self.message
            .get(offset..offset + length * unit)
            .ok_or(Error::Invalid("login field"))
    }

    fn text(&mut self) -> Result<String> {
        let bytes = self.span(2)?;
        if bytes.len() > MAX_NAME * 2 {
            return Err(Error::TooLarge {
                what: "a name in the login",
                limit: MAX_NAME * 2,
            });
        }
        decode_utf16(bytes)
    }

    fn password(&mut self) -> Result<String> {
        let clear: Vec<u8> = self
            .span(2)?
            .iter()
            .map(|byte| (byte ^ 0xA5).rotate_left(4))
            .collect();
        decode_utf16(&clear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A login message with these names in the order of the table, and this feature extension.
    fn message(names: [&str; 9], features: Option<&[u8]>) -> Vec<u8> {
        let mut fixed = vec![0; 4];
        fixed.extend_from_slice(&0x7400_0004_u32.to_le_bytes());
        fixed.extend_from_slice(&8000_u32.to_le_bytes());
        fixed.extend_from_slice(&[0; 12]);
        fixed.extend_from_slice(&[
            0xE0,
            0x03,
            0,
            if features.is_some() {
                FLAG3_EXTENSION
            } else {
                0
            },
        ]);
        fixed.extend_from_slice(&[0; 8]);
        let mut data = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let mut bytes: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            if at == 2 {
                bytes
                    .iter_mut()
                    .for_each(|byte| *byte = byte.rotate_left(4) ^ 0xA5);
            }
            let offset = u16::try_from(FIXED + data.len()).unwrap();
            let mut length = u16::try_from(bytes.len() / 2).unwrap();
            if let (5, Some(features)) = (at, features) {
                let at = u32::try_from(FIXED + data.len() + 4).unwrap();
                bytes = at.to_le_bytes().to_vec();
                bytes.extend_from_slice(features);
                length = 4;
            }
            fixed.extend_from_slice(&offset.to_le_bytes());
            fixed.extend_from_slice(&length.to_le_bytes());
            data.extend_from_slice(&bytes);
        }
        fixed.extend_from_slice(&[0; FIXED - 72]);
        fixed.extend_from_slice(&data);
        let length = u32::try_from(fixed.len()).unwrap();
        fixed[..4].copy_from_slice(&length.to_le_bytes());
        fixed
    }

    const NAMES: [&str; 9] = [
        "host",
        "sa",
        "pä$$wörd",
        "app",
        "h,1433",
        "",
        "FreeTDS",
        "us_english",
        "iris",
    ];

    #[test]
    fn every_field_is_read_and_the_password_is_not_shown() {
        let login = Login7::parse(&message(NAMES, None)).unwrap();
        assert_eq!(
            (login.user.as_str(), login.password.as_str()),
            ("sa", "pä$$wörd")
        );
        assert_eq!(
            (login.database.as_str(), login.library.as_str()),
            ("iris", "FreeTDS")
        );
        assert_eq!(
            (login.packet_size, login.has_features, login.integrated),
            (8000, false, false)
        );
        assert!(!format!("{login:?}").contains("pä$$wörd"));
    }

    #[test]
    fn unknown_features_are_passed_over_by_their_length() {
        let features = [
            0x10, 2, 0, 0, 0, 9, 9, 0x0A, 1, 0, 0, 0, 0, 0x02, 1, 0, 0, 0, 5, 0xFF,
        ];
        let login = Login7::parse(&message(NAMES, Some(&features))).unwrap();
        assert!(login.utf8_support);
        assert_eq!(login.fed_auth.as_deref(), Some(&[5][..]));
        assert_eq!(login.language, "us_english");
    }

    /// sqlml C54: every truncation and every changed byte is an error or another login, never a panic.
    #[test]
    fn damaged_messages_do_no_harm() {
        let whole = message(NAMES, Some(&[0x0A, 1, 0, 0, 0, 0, 0xFF]));
        for end in 0..whole.len() {
            assert!(Login7::parse(&whole[..end]).is_err(), "cut at {end}");
        }
        for at in 0..whole.len() {
            for value in [0, 0x7F, 0xFF] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let _ = Login7::parse(&damaged);
            }
        }
    }

    #[test]
    fn old_versions_and_long_names_are_refused() {
        let mut old = message(NAMES, None);
        old[4..8].copy_from_slice(&0x7000_0000_u32.to_le_bytes());
        assert_eq!(Login7::parse(&old), Err(Error::Invalid("login version")));
        let long = "x".repeat(MAX_NAME + 1);
        let mut names = NAMES;
        names[1] = &long;
        assert!(matches!(
            Login7::parse(&message(names, None)),
            Err(Error::TooLarge { .. })
        ));
    }
}
