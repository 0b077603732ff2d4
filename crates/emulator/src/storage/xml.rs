//! XML as the storage services write and read it: a small writer for answers and the
//! readers of the few bodies that requests have.

use std::fmt::Write;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use super::error::{Code, Result, StorageError};

/// Writes elements into one growing text. Names are ours and need no escaping.
#[derive(Debug)]
pub(crate) struct Xml(String);

impl Xml {
    /// A document with its declaration.
    pub(crate) fn new() -> Self {
        Self(r#"<?xml version="1.0" encoding="utf-8"?>"#.to_owned())
    }

    /// Opens an element with attributes.
    pub(crate) fn open_with(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            let _ = write!(self.0, " {name}=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }

    /// Opens an element.
    pub(crate) fn open(&mut self, name: &str) {
        self.open_with(name, &[]);
    }

    /// Closes an element.
    pub(crate) fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// An element with text in it.
    pub(crate) fn element(&mut self, name: &str, text: &str) {
        if text.is_empty() {
            self.0.push('<');
            self.0.push_str(name);
            self.0.push_str(" />");
            return;
        }
        self.open(name);
        self.text(text);
        self.close(name);
    }

    /// An element that is left out when there is no text for it.
    pub(crate) fn optional(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.element(name, text);
        }
    }

    /// A name of an object: percent-encoded and marked where XML cannot hold it.
    pub(crate) fn object_name(&mut self, name: &str) {
        if name.chars().all(is_xml) {
            return self.element("Name", name);
        }
        let encoded =
            percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        self.open_with("Name", &[("Encoded", "true")]);
        let _ = write!(self.0, "{encoded}");
        self.close("Name");
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\r' => self.0.push_str("&#xD;"),
                '\n' => self.0.push_str("&#xA;"),
                '\t' => self.0.push_str("&#x9;"),
                c => self.0.push(c),
            }
        }
    }

    /// The document.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// A text element of a request's document: where it stands and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// The names from the root to the element, joined by slashes.
    pub(crate) path: String,
    /// Its text without the blanks around it; empty for an element that has elements.
    pub(crate) text: String,
}

/// Reads a document as the list of its elements, each listed where it ends.
///
/// # Errors
/// [`Code::InvalidXmlDocument`].
pub(crate) fn parse(document: &[u8]) -> Result<Vec<Element>> {
    let invalid = || StorageError::from(Code::InvalidXmlDocument);
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let mut reader = Reader::from_reader(document);
    let mut elements = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut text = String::new();
    let mut ended = false;
    loop {
        let event = reader.read_event().map_err(|_| invalid())?;
        if ended && matches!(event, Event::Start(_) | Event::Empty(_)) {
            return Err(invalid());
        }
        match event {
            Event::Start(element) => {
                open.push(name(element.local_name().as_ref())?);
                text.clear();
            }
            Event::Empty(element) => {
                open.push(name(element.local_name().as_ref())?);
                elements.push(element_at(&open, ""));
                open.pop();
                ended = open.is_empty();
            }
            Event::Text(part) => text.push_str(&part.decode().map_err(|_| invalid())?),
            Event::GeneralRef(reference) => text.push(resolve(&reference).ok_or_else(invalid)?),
            Event::End(_) => {
                elements.push(element_at(&open, text.trim()));
                text.clear();
                open.pop();
                ended = open.is_empty();
            }
            Event::Eof if ended => return Ok(elements),
            Event::Decl(_) | Event::Comment(_) => {}
            _ => return Err(invalid()),
        }
        if open.is_empty() && !text.trim().is_empty() {
            return Err(invalid());
        }
    }
}

fn element_at(open: &[String], text: &str) -> Element {
    Element {
        path: open.join("/"),
        text: text.to_owned(),
    }
}

fn name(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Code::InvalidXmlDocument.into())
}

/// The character of `&amp;` and its kin; documents with entities of their own are refused.
fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    if let Some(number) = reference.resolve_char_ref().ok()? {
        return Some(number);
    }
    match &**reference {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        _ => None,
    }
}

/// Whether XML 1.0 can hold the character and a reader gets back the same.
fn is_xml(c: char) -> bool {
    matches!(c, '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_odd_names_are_encoded() {
        let mut xml = Xml::new();
        xml.open_with("E", &[("A", "\"<&")]);
        xml.object_name("a&b <ü>");
        xml.object_name("a\u{1}b");
        xml.object_name("tab\there");
        xml.element("Empty", "");
        xml.optional("Absent", "");
        xml.close("E");
        assert_eq!(
            xml.finish(),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><E A=\"&quot;&lt;&amp;\">\
             <Name>a&amp;b &lt;ü&gt;</Name><Name Encoded=\"true\">a%01b</Name>\
             <Name Encoded=\"true\">tab%09here</Name><Empty /></E>"
        );
    }

    fn texts(document: &str) -> Result<Vec<(String, String)>, Code> {
        let elements = parse(document.as_bytes()).map_err(|error| error.code())?;
        Ok(elements.into_iter().map(|e| (e.path, e.text)).collect())
    }

    #[test]
    fn documents_are_read_as_elements() {
        let document = "\u{feff}<?xml version='1.0' encoding='utf-8'?>\n<A>\n <B>x&amp;&#65; </B><C/><!-- --><D><E>y</E></D></A>\n";
        let expected = [
            ("A/B", "x&A"),
            ("A/C", ""),
            ("A/D/E", "y"),
            ("A/D", ""),
            ("A", ""),
        ];
        let expected = expected.map(|(path, text)| (path.to_owned(), text.to_owned()));
        assert_eq!(texts(document).unwrap(), expected);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for document in [
            "",
            "text",
            "<A>",
            "<A></B>",
            "<A/><B/>",
            "<A/>text",
            "<A>&own;</A>",
            "<!DOCTYPE A [<!ENTITY own 'x'>]><A/>",
        ] {
            assert_eq!(texts(document), Err(Code::InvalidXmlDocument), "{document}");
        }
    }
}
