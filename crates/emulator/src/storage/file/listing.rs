//! The listing of a directory.

use super::{FileService, target};
use crate::storage::answer::Answer;
use crate::storage::conditions::etag_text;
use crate::storage::error::Result;
use crate::storage::listing;
use crate::storage::request::Call;
use crate::storage::shares::Entry;
use crate::storage::xml::Xml;

impl FileService {
    pub(super) fn list_directory(&self, call: &Call) -> Result<Answer> {
        let at = target(call);
        let from = listing::parse_marker(call.query.get("marker"))?;
        let limit = listing::parse_limit(call)?;
        let prefix = call.query.get("prefix");
        let page = self.shares.list_entries(&at, prefix, &from, limit)?;
        let mut xml = Xml::new();
        let endpoint = format!("{}/", call.base());
        let attributes = [
            ("ServiceEndpoint", endpoint.as_str()),
            ("ShareName", &at.share),
            ("DirectoryPath", at.path.trim_matches('/')),
        ];
        xml.open_with("EnumerationResults", &attributes);
        listing::echo(&mut xml, call);
        xml.element("DirectoryId", &page.directory.to_string());
        xml.open("Entries");
        for entry in &page.entries {
            write(&mut xml, call, entry);
        }
        xml.close("Entries");
        listing::write_marker(&mut xml, page.next.as_deref());
        xml.close("EnumerationResults");
        Ok(Answer::xml(xml))
    }
}

fn write(xml: &mut Xml, call: &Call, entry: &Entry) {
    let kind = if entry.file.is_some() {
        "File"
    } else {
        "Directory"
    };
    let includes = |word| call.query.lists("include", word);
    xml.open(kind);
    xml.object_name(&entry.name);
    xml.element("FileId", &entry.id.to_string());
    // Clients want the element also where there is nothing in it.
    xml.open("Properties");
    if let Some(file) = &entry.file {
        xml.element("Content-Length", &file.length.to_string());
    }
    if includes("timestamps") {
        xml.element("CreationTime", &entry.times.created.iso());
        xml.element("LastAccessTime", &entry.times.written.iso());
        xml.element("LastWriteTime", &entry.times.written.iso());
        xml.element("ChangeTime", &entry.times.changed.iso());
        xml.element("Last-Modified", &entry.modified.http_date());
    }
    if includes("etag") {
        xml.element("Etag", &format!("\"{}\"", etag_text(entry.etag)));
    }
    xml.close("Properties");
    if includes("attributes") {
        xml.element("Attributes", &entry.attributes);
    }
    xml.close(kind);
}
