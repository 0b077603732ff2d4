//! The encodings that extractors read and outputters write, strictly: bytes
//! that are no text are an error, never replaced.

use serde::{Deserialize, Serialize};

/// An encoding of text files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Encoding {
    Ascii,
    Utf7,
    Utf8,
    Utf16Le,
    Utf16Be,
    Utf32,
    /// Windows code page 1250 to 1258.
    Windows(u16),
}

/// A place in the input where no text is, or a character that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadText {
    /// Bytes from the start of the input handed over.
    pub(crate) offset: usize,
}

impl Encoding {
    /// `Encoding.UTF8` and its siblings; `Default` is refused by the service.
    pub(crate) fn by_property(name: &str) -> Option<Self> {
        Some(match name {
            "ASCII" => Self::Ascii,
            "UTF7" => Self::Utf7,
            "UTF8" => Self::Utf8,
            "Unicode" => Self::Utf16Le,
            "BigEndianUnicode" => Self::Utf16Be,
            "UTF32" => Self::Utf32,
            _ => return None,
        })
    }

    /// `Encoding.GetEncoding(number)`.
    pub(crate) fn by_code_page(page: i32) -> Option<Self> {
        Some(match page {
            20127 => Self::Ascii,
            65000 => Self::Utf7,
            65001 => Self::Utf8,
            1200 => Self::Utf16Le,
            1201 => Self::Utf16Be,
            12000 => Self::Utf32,
            1250..=1258 => Self::Windows(u16::try_from(page).ok()?),
            _ => return None,
        })
    }

    /// `Encoding.GetEncoding(name)`.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if let Some(page) = name
            .strip_prefix("windows-")
            .and_then(|page| page.parse().ok())
        {
            return Self::by_code_page(page).filter(|e| matches!(e, Self::Windows(_)));
        }
        Some(match name.as_str() {
            "us-ascii" | "ascii" => Self::Ascii,
            "utf-7" => Self::Utf7,
            "utf-8" => Self::Utf8,
            "utf-16" | "utf-16le" | "unicode" => Self::Utf16Le,
            "utf-16be" => Self::Utf16Be,
            "utf-32" => Self::Utf32,
            _ => return None,
        })
    }

    /// Its number.
    pub(crate) fn code_page(self) -> u16 {
        match self {
            Self::Ascii => 20127,
            Self::Utf7 => 65000,
            Self::Utf8 => 65001,
            Self::Utf16Le => 1200,
            Self::Utf16Be => 1201,
            Self::Utf32 => 12000,
            Self::Windows(page) => page,
        }
    }

    /// The mark that may stand before text in it.
    pub(crate) fn byte_order_mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 => &[0xEF, 0xBB, 0xBF],
            Self::Utf16Le => &[0xFF, 0xFE],
            Self::Utf16Be => &[0xFE, 0xFF],
            Self::Utf32 => &[0xFF, 0xFE, 0, 0],
            _ => &[],
        }
    }

    /// Whether its text is also UTF-8 text, so that bytes need only be checked.
    pub(crate) fn is_utf8_subset(self) -> bool {
        matches!(self, Self::Utf8 | Self::Ascii)
    }

    fn windows(page: u16) -> &'static encoding_rs::Encoding {
        match page {
            1250 => encoding_rs::WINDOWS_1250,
            1251 => encoding_rs::WINDOWS_1251,
            1253 => encoding_rs::WINDOWS_1253,
            1254 => encoding_rs::WINDOWS_1254,
            1255 => encoding_rs::WINDOWS_1255,
            1256 => encoding_rs::WINDOWS_1256,
            1257 => encoding_rs::WINDOWS_1257,
            1258 => encoding_rs::WINDOWS_1258,
            _ => encoding_rs::WINDOWS_1252,
        }
    }

    /// Appends `text` to `out`. What a code page lacks becomes `?`.
    ///
    /// # Errors
    /// A character that ASCII lacks: the service fails there too.
    pub(crate) fn encode(self, text: &str, out: &mut Vec<u8>) -> Result<(), BadText> {
        match self {
            Self::Utf8 => out.extend_from_slice(text.as_bytes()),
            Self::Ascii => match text.bytes().position(|b| !b.is_ascii()) {
                Some(offset) => return Err(BadText { offset }),
                None => out.extend_from_slice(text.as_bytes()),
            },
            Self::Utf16Le => text
                .encode_utf16()
                .for_each(|unit| out.extend_from_slice(&unit.to_le_bytes())),
            Self::Utf16Be => text
                .encode_utf16()
                .for_each(|unit| out.extend_from_slice(&unit.to_be_bytes())),
            Self::Utf32 => text
                .chars()
                .for_each(|c| out.extend_from_slice(&u32::from(c).to_le_bytes())),
            Self::Windows(page) => {
                let encoding = Self::windows(page);
                for c in text.chars() {
                    let mut buffer = [0; 4];
                    let (bytes, _, unmappable) = encoding.encode(c.encode_utf8(&mut buffer));
                    out.extend_from_slice(if unmappable { b"?" } else { &bytes });
                }
            }
            Self::Utf7 => utf7::encode(text, out),
        }
        Ok(())
    }
}

/// Turns a stream of bytes into UTF-8, keeping what a piece cuts off for the
/// next.
#[derive(Debug)]
pub(crate) struct Decoder {
    encoding: Encoding,
    pending: Vec<u8>,
    utf7: utf7::Decoder,
}

impl Decoder {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            pending: Vec::new(),
            utf7: utf7::Decoder::default(),
        }
    }

    /// Appends the text of `bytes`; `last` says that nothing follows.
    pub(crate) fn decode(
        &mut self,
        bytes: &[u8],
        last: bool,
        out: &mut String,
    ) -> Result<(), BadText> {
        let carried = self.pending.len();
        let mut input = std::mem::take(&mut self.pending);
        input.extend_from_slice(bytes);
        let place = |offset: usize| BadText {
            offset: offset.saturating_sub(carried),
        };
        let unit = |width: usize| (input.len() / width) * width;
        let used = match self.encoding {
            Encoding::Utf8 => match std::str::from_utf8(&input) {
                Ok(text) => {
                    out.push_str(text);
                    input.len()
                }
                Err(error) if error.error_len().is_none() && !last => {
                    let valid = error.valid_up_to();
                    out.push_str(std::str::from_utf8(&input[..valid]).map_err(|_| place(valid))?);
                    valid
                }
                Err(error) => return Err(place(error.valid_up_to())),
            },
            Encoding::Ascii => match input.iter().position(|b| !b.is_ascii()) {
                Some(offset) => return Err(place(offset)),
                None => {
                    out.extend(input.iter().map(|b| char::from(*b)));
                    input.len()
                }
            },
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let whole = unit(2);
                let big = self.encoding == Encoding::Utf16Be;
                let mut units: Vec<u16> = input[..whole]
                    .chunks_exact(2)
                    .map(|pair| {
                        let pair = [pair[0], pair[1]];
                        if big {
                            u16::from_be_bytes(pair)
                        } else {
                            u16::from_le_bytes(pair)
                        }
                    })
                    .collect();
                // The first half of a pair waits for the second.
                let cut = !last
                    && units
                        .last()
                        .is_some_and(|unit| (0xD800..0xDC00).contains(unit));
                if cut {
                    units.pop();
                }
                let mut at = 0;
                for c in char::decode_utf16(units.iter().copied()) {
                    let c = c.map_err(|_| place(at * 2))?;
                    at += c.len_utf16();
                    out.push(c);
                }
                whole - if cut { 2 } else { 0 }
            }
            Encoding::Utf32 => {
                let whole = unit(4);
                for (n, four) in input[..whole].chunks_exact(4).enumerate() {
                    let code = u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
                    out.push(char::from_u32(code).ok_or_else(|| place(n * 4))?);
                }
                whole
            }
            Encoding::Windows(page) => {
                let (text, _) = Encoding::windows(page).decode_without_bom_handling(&input);
                out.push_str(&text);
                input.len()
            }
            Encoding::Utf7 => {
                self.utf7.decode(&input, last, out).map_err(place)?;
                input.len()
            }
        };
        if last && used < input.len() {
            return Err(place(used));
        }
        self.pending = input.split_off(used);
        Ok(())
    }
}

/// UTF-7 (RFC 2152): plain ASCII, and base64 of UTF-16 between `+` and `-`.
mod utf7 {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    fn is_direct(c: char) -> bool {
        c.is_ascii_alphanumeric() || "'(),-./:? \t\r\n".contains(c)
    }

    pub(super) fn encode(text: &str, out: &mut Vec<u8>) {
        let mut run: Vec<u16> = Vec::new();
        for c in text.chars() {
            if is_direct(c) || c == '+' {
                flush(&mut run, out);
                if c == '+' {
                    out.extend_from_slice(b"+-");
                } else {
                    out.extend(c.to_string().bytes());
                }
            } else {
                run.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            }
        }
        flush(&mut run, out);
    }

    fn flush(run: &mut Vec<u16>, out: &mut Vec<u8>) {
        if run.is_empty() {
            return;
        }
        out.push(b'+');
        let (mut bits, mut count) = (0_u32, 0);
        for unit in run.drain(..) {
            bits = bits << 16 | u32::from(unit);
            count += 16;
            while count >= 6 {
                count -= 6;
                out.push(letter(bits >> count));
            }
            bits &= (1 << count) - 1;
        }
        if count > 0 {
            out.push(letter(bits << (6 - count)));
        }
        out.push(b'-');
    }

    fn letter(bits: u32) -> u8 {
        ALPHABET[usize::try_from(bits & 63).expect("six bits")]
    }

    #[derive(Debug, Default)]
    pub(super) struct Decoder {
        in_base64: bool,
        first: bool,
        bits: u32,
        count: u32,
        high: Option<u16>,
    }

    impl Decoder {
        pub(super) fn decode(
            &mut self,
            input: &[u8],
            last: bool,
            out: &mut String,
        ) -> Result<(), usize> {
            for (at, byte) in input.iter().enumerate() {
                if !self.in_base64 {
                    match byte {
                        b'+' => (self.in_base64, self.first) = (true, true),
                        byte if byte.is_ascii() => out.push(char::from(*byte)),
                        _ => return Err(at),
                    }
                    continue;
                }
                let Some(value) = ALPHABET.iter().position(|letter| letter == byte) else {
                    if self.first && *byte == b'-' {
                        out.push('+');
                    } else if *byte != b'-' {
                        out.push(char::from(*byte));
                    }
                    if self.high.is_some() {
                        return Err(at);
                    }
                    *self = Self::default();
                    continue;
                };
                self.first = false;
                self.bits = self.bits << 6 | u32::try_from(value).map_err(|_| at)?;
                self.count += 6;
                if self.count >= 16 {
                    self.count -= 16;
                    let unit = u16::try_from(self.bits >> self.count & 0xFFFF).map_err(|_| at)?;
                    self.bits &= (1 << self.count) - 1;
                    self.push(unit, out).ok_or(at)?;
                }
            }
            if last && self.high.is_some() {
                Err(input.len())
            } else {
                Ok(())
            }
        }

        fn push(&mut self, unit: u16, out: &mut String) -> Option<()> {
            let units = match self.high.take() {
                Some(high) => vec![high, unit],
                None if (0xD800..0xDC00).contains(&unit) => {
                    self.high = Some(unit);
                    return Some(());
                }
                None => vec![unit],
            };
            out.push_str(&String::from_utf16(&units).ok()?);
            Some(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Encoding; 6] = [
        Encoding::Utf7,
        Encoding::Utf8,
        Encoding::Utf16Le,
        Encoding::Utf16Be,
        Encoding::Utf32,
        Encoding::Windows(1252),
    ];

    #[test]
    fn every_encoding_goes_there_and_back_in_any_pieces() {
        for encoding in ALL {
            let text = if encoding == Encoding::Windows(1252) {
                "a+b-é€\r\n"
            } else {
                "a+b-é€😀~\r\n"
            };
            let mut bytes = Vec::new();
            encoding.encode(text, &mut bytes).expect("encodable");
            for size in 1..5 {
                let mut decoder = Decoder::new(encoding);
                let mut out = String::new();
                for piece in bytes.chunks(size) {
                    decoder.decode(piece, false, &mut out).expect("text");
                }
                decoder.decode(&[], true, &mut out).expect("text");
                assert_eq!(out, text, "{encoding:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let decode =
            |encoding, bytes: &[u8]| Decoder::new(encoding).decode(bytes, true, &mut String::new());
        assert_eq!(
            decode(Encoding::Utf8, b"ab\xFF"),
            Err(BadText { offset: 2 })
        );
        assert_eq!(
            decode(Encoding::Utf8, b"ab\xC3"),
            Err(BadText { offset: 2 })
        );
        assert_eq!(decode(Encoding::Ascii, b"\xE4"), Err(BadText { offset: 0 }));
        assert_eq!(
            decode(Encoding::Utf16Le, b"a\0\x00"),
            Err(BadText { offset: 2 })
        );
        assert_eq!(
            decode(Encoding::Utf16Le, b"\x00\xDC"),
            Err(BadText { offset: 0 })
        );
        assert_eq!(
            decode(Encoding::Utf32, b"\0\0\x11\0"),
            Err(BadText { offset: 0 })
        );
        assert_eq!(
            Encoding::Ascii.encode("aä", &mut Vec::new()),
            Err(BadText { offset: 1 })
        );
        let mut out = Vec::new();
        assert_eq!(Encoding::Windows(1252).encode("aЖ", &mut out), Ok(()));
        assert_eq!(out, b"a?");
    }

    #[test]
    fn names_and_numbers() {
        assert_eq!(
            Encoding::by_name("Windows-1252"),
            Some(Encoding::Windows(1252))
        );
        assert_eq!(Encoding::by_name("windows-65001"), None);
        assert_eq!(Encoding::by_code_page(1258), Some(Encoding::Windows(1258)));
        assert_eq!(Encoding::by_property("Default"), None);
        for encoding in ALL {
            assert_eq!(
                Encoding::by_code_page(i32::from(encoding.code_page())),
                Some(encoding)
            );
        }
    }
}
